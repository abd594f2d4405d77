"""Documents that are nearly the same: MinHash of their word trigrams (Broder 1997), with the library datasketch."""

from collections.abc import Sequence

from listill.text import fold

# Jaccard similarity of the word trigrams of near duplicates, and the number of hash functions that estimate it.
SIMILARITY, HASHES = 0.8, 128


def near_duplicates(texts: Sequence[str]) -> list[tuple[int, int]]:
    """Return the (document, earlier document) of each document that is nearly the same as an earlier one.

    The similarity is estimated, with a standard error of 0.04 at 0.8. Texts of less than three words are left out.
    """
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=SIMILARITY, num_perm=HASHES)
    hashes: dict[int, MinHash] = {}
    found = []
    for number, text in enumerate(texts):
        words = fold(text).split()
        trigrams = {" ".join(words[i : i + 3]).encode() for i in range(len(words) - 2)}
        if not trigrams:
            continue
        one = MinHash(num_perm=HASHES)
        one.update_batch(trigrams)
        candidates = sorted(index.query(one))
        earlier = next((other for other in candidates if one.jaccard(hashes[other]) >= SIMILARITY), None)
        if earlier is not None:
            found.append((number, earlier))
        hashes[number] = one
        index.insert(number, one)
    return found

"""Random texts in which the n-th word has the frequency 1 / n."""

import random


def skewed_texts(count: int, vocabulary: int, words: tuple[int, int], seed: int) -> list[str]:
    """Return ``count`` texts of word0, word1, ...; ``words`` are the smallest and the largest number of words of a text."""
    draw = random.Random(seed)
    names = [f"word{i}" for i in range(vocabulary)]
    weights = [1 / (i + 1) for i in range(vocabulary)]
    return [" ".join(draw.choices(names, weights, k=draw.randint(*words))) for _ in range(count)]

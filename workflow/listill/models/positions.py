"""How many tokens a transformer has positions for."""

import torch

from listill.errors import UserError

# Names of the table of position embeddings: in BERT and its relatives, in BART and OPT, in GPT-2.
TABLES = ("position_embeddings", "embed_positions", "wpe")


def positions(model: torch.nn.Module) -> int | None:
    """Return the largest number of tokens that ``model`` has position embeddings for. It cannot read a longer text.

    None if it has no table of them: relative and rotary positions are computed for any length.
    """
    for module in model.modules():
        for name in TABLES:
            table = getattr(module, name, None)
            if isinstance(table, torch.nn.Embedding):
                return table.num_embeddings - _first_row(table)
    return None


def _first_row(table: torch.nn.Embedding) -> int:
    """Return the row of the first token.

    In RoBERTa and its relatives, the rows begin after that of padding, so that 512 of 514 rows are used. In BART and
    OPT, the table has an offset.
    """
    return int(getattr(table, "offset", 0)) if table.padding_idx is None else table.padding_idx + 1


def check_limit(model: str, limit: int | None) -> None:
    """Raise UserError if the folder of a model allows it no token."""
    if limit is not None and limit < 1:
        raise UserError(
            f"model {model}: its folder limits texts to {limit} tokens; correct model_max_length in its "
            "tokenizer_config.json, or max_seq_length in its sentence_bert_config.json"
        )


def check_length(model: str, member: str, max_length: int, limit: int) -> None:
    """Raise UserError if the ``max_length`` of a student or teacher (``member``) is more than its model can read."""
    check_limit(model, limit)
    if max_length > limit:
        raise UserError(
            f"model {model}: max_length is {max_length}, but the model reads at most {limit} tokens; "
            f"set max_length of this {member} to {limit} or less"
        )

import pytest
from pydantic import ValidationError

from listill.settings.estimate import Estimate


def test_names_of_rates() -> None:
    rates = {"generate": 2.0, "encode.my-model": 300.0}
    assert Estimate(rates=rates, price_per_hour={"here": 1}).rates == rates
    for wrong in ("Encode.x", "encode.", "encode.a.b", ""):
        with pytest.raises(ValidationError):
            Estimate(rates={wrong: 1.0})
    with pytest.raises(ValidationError):
        Estimate(rates={"generate": 0.0})

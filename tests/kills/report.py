"""What a campaign of kills has shown."""

import dataclasses
import json
from pathlib import Path

from kills.killed_stage import Tally


@dataclasses.dataclass
class Report:
    """The tally of each stage and the faults, and the duration in seconds without that of the preparation."""

    tallies: dict[str, Tally] = dataclasses.field(default_factory=dict)
    faults: list[str] = dataclasses.field(default_factory=list)
    seconds: float = 0.0

    @property
    def kills(self) -> int:
        """The number of kills so far."""
        return sum(tally.kills for tally in self.tallies.values())

    def count(self, stage: str, tally: Tally) -> None:
        """Add a tally to that of a stage."""
        self.tallies[stage] = self.tallies.get(stage, Tally()) + tally

    def add(self, other: "Report") -> None:
        """Add what another worker has done at the same time."""
        for stage, tally in other.tallies.items():
            self.count(stage, tally)
        self.faults += other.faults
        self.seconds = max(self.seconds, other.seconds)

    def write(self, path: Path) -> None:
        """Write the report as JSON."""
        path.write_text(json.dumps(dataclasses.asdict(self), indent=1) + "\n")

    @classmethod
    def read(cls, path: Path) -> "Report":
        """Read a report."""
        data = json.loads(path.read_text())
        tallies = {stage: Tally(**tally) for stage, tally in data.pop("tallies").items()}
        return cls(tallies, **data)

    def __str__(self) -> str:
        width = max(map(len, self.tallies), default=0) + 2
        rows = [("", *(field.name for field in dataclasses.fields(Tally)))]
        rows += [(stage, *map(str, dataclasses.astuple(tally))) for stage, tally in sorted(self.tallies.items())]
        rows.append(("all", *map(str, dataclasses.astuple(sum(self.tallies.values(), Tally())))))
        table = "\n".join(f"{first:{width}}" + "".join(f"{value:>9}" for value in rest) for first, *rest in rows)
        faults = "".join(f"\nFAULT {fault}" for fault in self.faults)
        return f"{table}\n{self.kills} kills in {self.seconds / 60:.1f} minutes{faults}"

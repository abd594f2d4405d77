"""Teachers that encode query and passage apart, by default with the base model of a student."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from pydantic import Field

from listill.section import Name
from listill.teachers.teacher import Teacher

if TYPE_CHECKING:
    from listill.teachers.resources import Resources


class BiEncoderTeacher(Teacher):
    """The base class of teachers that compare embeddings or token vectors."""

    student: Name | None = Field(None, description="the student whose base model is used; default: the first by name")

    def students_used(self) -> list[str]:
        """Return the student, if it is set."""
        return [self.student] if self.student else []

    def resolved(self, students: Collection[str]) -> "BiEncoderTeacher":
        """Return the settings with the default student replaced by its name."""
        return self.model_copy(update={"student": self.student or min(students)})

    def identity(self, resources: "Resources") -> str:
        """Return the commit or checksum of the student's base model."""
        return resources.student_identity(resources.student_name(self.student))

    def basis(self, resources: "Resources") -> dict[str, Any]:
        """Return the settings, with those of the student in place of its name."""
        student = resources.students[resources.student_name(self.student)]
        return super().basis(resources) | {"student": student.model_dump(mode="json")}

"""Teachers: one file per member, named after its ``kind`` in the config (see ``listill.teachers.teacher``)."""

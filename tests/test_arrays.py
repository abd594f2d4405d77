"""Arrays in files: as NumPy reads them, sealed, and mapped."""

from pathlib import Path

import numpy as np

from listill import arrays, checksums


def test_an_array_is_readable_by_numpy_and_sealed(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(3, 2)).astype(np.float32)
    arrays.write(tmp_path / "new" / "v.npy", values)
    np.testing.assert_array_equal(np.load(tmp_path / "new" / "v.npy"), values)
    assert checksums.usable(tmp_path / "new" / "v.npy")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["v.npy"]


def test_a_matrix_is_written_in_parts_and_mapped(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    path = tmp_path / "m.npy"
    arrays.write_rows(path, (5, 3), (values[start : start + 2] for start in (0, 2, 4)))
    assert checksums.usable(path)
    matrix = arrays.mapped(path)
    assert isinstance(matrix, np.memmap)
    np.testing.assert_array_equal(matrix, values)
    matrix[0] = 0  # as a library might; the file stays as it is
    np.testing.assert_array_equal(arrays.mapped(path), values)

"""Make effcv_lab/assets/fashion_mnist_12000.npz from the original files of Fashion-MNIST.

    python tools/make_fashion_subset.py                       # Debian's dataset-fashion-mnist
    python tools/make_fashion_subset.py --folder FOLDER       # any folder with the originals
    python tools/make_fashion_subset.py --download            # through torchvision

Which images are chosen is decided by effcv_lab.data.splits.fashion_parts (class-balanced, seeded).
The same originals and the same zlib give the same bytes. After a change of the file, put the
size and SHA-256 that this prints into effcv_lab/data.py.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import zipfile
from pathlib import Path

import numpy as np

from effcv_lab.data import PACKAGED
from effcv_lab.data.fashion_files import DEBIAN_FOLDER, download_fashion, read_fashion
from effcv_lab.data.splits import fashion_parts


def chosen_arrays(folder: Path) -> dict[str, np.ndarray]:
    """Cut the packaged images out of the originals; ``*_places`` says where each one was."""
    originals = read_fashion(folder)
    arrays = {}
    for part, (places, _) in fashion_parts(originals).items():
        prefix = "t10k" if part == "test" else "train"
        arrays[f"{part}_images"] = originals[f"{prefix}-images-idx3-ubyte"][places]
        arrays[f"{part}_labels"] = originals[f"{prefix}-labels-idx1-ubyte"][places]
        arrays[f"{part}_places"] = places.astype(np.uint16)
    return arrays


def packed(arrays: dict[str, np.ndarray]) -> bytes:
    """Pack arrays as an .npz without the clock: every entry carries the same old date."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            entry.create_system = 3
            body = io.BytesIO()
            np.lib.format.write_array(body, array, version=(1, 0), allow_pickle=False)
            archive.writestr(entry, body.getvalue(), compresslevel=9)
    return buffer.getvalue()


def main() -> None:
    """Read, choose, pack, write, and print what data.py must know."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--folder", type=Path, default=DEBIAN_FOLDER, help="folder of the originals")
    where.add_argument("--download", action="store_true", help="fetch them by torchvision")
    parser.add_argument("--output", type=Path, default=PACKAGED)
    arguments = parser.parse_args()
    folder = download_fashion() if arguments.download else arguments.folder
    contents = packed(chosen_arrays(folder))
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_bytes(contents)
    print(f"{arguments.output}\nPACKAGED_BYTES = {len(contents)}")
    print(f'PACKAGED_SHA256 = "{hashlib.sha256(contents).hexdigest()}"')


if __name__ == "__main__":
    main()

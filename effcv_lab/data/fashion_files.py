"""Read the original files of Fashion-MNIST, all or nothing: every byte is checked before use.

The four files are in IDX format: two zero bytes, a type code, the number of dimensions, the
dimensions as big-endian 32-bit integers, then the bytes of the array. They are published
compressed. The checksums here are those of the contents, because a distribution may compress
the same contents again (Debian does), and the published MD5 holds for one compressed file only.
"""

from __future__ import annotations

import gzip
import hashlib
import struct
import sys
import tempfile
import zlib
from contextlib import redirect_stderr, suppress
from pathlib import Path

import numpy as np

from effcv_lab.folders import cache_folder

#: Name of each original file, the size of its contents in bytes, their SHA-256.
FASHION_FILES = {
    "train-images-idx3-ubyte": (
        47040016,
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    ),
    "train-labels-idx1-ubyte": (
        60008,
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    ),
    "t10k-images-idx3-ubyte": (
        7840016,
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    ),
    "t10k-labels-idx1-ubyte": (
        10008,
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
}

DEBIAN_FOLDER = Path("/usr/share/datasets/fashion-mnist")  # of the package dataset-fashion-mnist
HOW_TO_GET_THEM = (
    "Get the four original files (on Debian: apt install dataset-fashion-mnist, they come to "
    "/usr/share/datasets/fashion-mnist; elsewhere: "
    "https://github.com/zalandoresearch/fashion-mnist) and pass their folder: "
    "fashion(full=True, folder=...)."
)


def check_contents(path: Path, contents: bytes, size_bytes: int, sha256: str, remedy: str) -> None:
    """Make sure that a file holds what was published, before any of it is used.

    Parameters
    ----------
    path : Path
        The file, for the message.
    contents : bytes
        What was read, decompressed where the file is compressed.
    size_bytes, sha256
        What was expected.
    remedy : str
        What the reader can do about it; ends the message.

    Raises
    ------
    ValueError
        If size or checksum differ.

    Examples
    --------
    >>> check_contents(Path("a.bin"), b"abc", 4, "88d4", "Copy it again.")
    Traceback (most recent call last):
        ...
    ValueError: a.bin is damaged: expected 4 bytes of contents, found 3. Copy it again.
    """
    if len(contents) != size_bytes:
        raise ValueError(
            f"{path} is damaged: expected {size_bytes} bytes of contents, "
            f"found {len(contents)}. {remedy}"
        )
    found = hashlib.sha256(contents).hexdigest()
    if found != sha256:
        raise ValueError(
            f"{path} is damaged: the size is right, but the SHA-256 of its contents is {found}, "
            f"expected {sha256}. {remedy}"
        )


def parse_idx(contents: bytes) -> np.ndarray:
    """Turn the bytes of an IDX file into an array of unsigned bytes.

    Returns
    -------
    array : uint8, shaped as the header says; shares the memory of ``contents`` (read-only)

    Raises
    ------
    ValueError
        If it is no IDX file of unsigned bytes, or its length differs from what the header says.

    Examples
    --------
    >>> parse_idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]))
    array([7, 8, 9], dtype=uint8)
    """
    if len(contents) < 4 or contents[:3] != b"\x00\x00\x08":
        raise ValueError(f"not an IDX file of unsigned bytes: it starts with {contents[:4]!r}")
    start = 4 + 4 * contents[3]
    if len(contents) < start:
        raise ValueError(f"the IDX header needs {start} bytes, got {len(contents)}")
    shape = struct.unpack(f">{contents[3]}I", contents[4:start])
    expected = start + int(np.prod(shape, dtype=np.int64))
    if len(contents) != expected:
        raise ValueError(
            f"an IDX array of shape {shape} takes {expected} bytes, got {len(contents)}"
        )
    return np.frombuffer(contents, np.uint8, offset=start).reshape(shape)


def read_contents(folder: Path, name: str, remedy: str) -> tuple[Path, bytes]:
    """Read a file, or its ``.gz``, from ``folder``: its path and decompressed bytes, unchecked.

    Raises
    ------
    FileNotFoundError
        If neither is there; says what was looked for and where to get it.
    ValueError
        If the compressed file breaks off or does not decompress.
    """
    for path in (folder / name, folder / f"{name}.gz"):
        if not path.is_file():
            continue
        contents = path.read_bytes()
        if path.suffix != ".gz":
            return path, contents
        try:
            return path, gzip.decompress(contents)
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(
                f"{path} is damaged: its {len(contents)} bytes do not decompress ({error}). "
                f"{remedy}"
            ) from None
    raise FileNotFoundError(f"no {name} and no {name}.gz in {folder}. {remedy}")


def read_fashion(folder: str | Path, remedy: str = HOW_TO_GET_THEM) -> dict[str, np.ndarray]:
    """Read the four original files of Fashion-MNIST from a folder, compressed or not.

    Parameters
    ----------
    folder : path
        Holds the files.
    remedy : str
        What the reader can do about a bad file; ends the message.

    Returns
    -------
    arrays : dict of uint8 arrays
        By file name: images ``(N, 28, 28)`` and labels ``(N,)``.

    Raises
    ------
    FileNotFoundError
        If a file is missing.
    ValueError
        If one is truncated or altered: names the file, what was expected, what to do.
    """
    folder = Path(folder).expanduser()
    arrays = {}
    for name, (size_bytes, sha256) in FASHION_FILES.items():
        path, contents = read_contents(folder, name, remedy)
        check_contents(path, contents, size_bytes, sha256, remedy)
        arrays[name] = parse_idx(contents)
    return arrays


def download_fashion() -> Path:
    """Download the original files once, by torchvision; return the folder that holds them.

    The folder appears whole or not at all, also when two notebooks start at once.

    Raises
    ------
    ConnectionError
        If the download fails.
    """
    folder = cache_folder() / "fashion_mnist"
    if folder.is_dir():
        return folder
    from torchvision.datasets import FashionMNIST

    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as unfinished:
        try:
            with redirect_stderr(sys.stdout):  # torchvision's progress bar
                raw = FashionMNIST(unfinished, download=True).raw_folder
        except (OSError, RuntimeError) as error:
            reason = " ".join(str(error).split()).rstrip(".")
            raise ConnectionError(
                f"Fashion-MNIST did not download: {reason}. {HOW_TO_GET_THEM}"
            ) from None
        with suppress(OSError):  # another process was first
            Path(raw).rename(folder)
    return folder

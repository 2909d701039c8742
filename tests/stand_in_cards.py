"""A stand-in for `nvidia-smi`, so that cards seem to exist where models are computed on the CPU."""

from pathlib import Path

TWO = """GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-11111111-aaaa)
GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-22222222-bbbb)
"""
DIVIDED = """GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-11111111-aaaa)
GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-22222222-bbbb)
  MIG 3g.40gb     Device  0: (UUID: MIG-33333333-cccc)
  MIG 1g.10gb     Device  1: (UUID: MIG-44444444-dddd)
"""
MEMORY = """GPU-11111111-aaaa, 81559
GPU-22222222-bbbb, 81920
"""


def stand_in(folder: Path, listed: str, memory: str = MEMORY) -> Path:
    """Write a `nvidia-smi` into a folder that lists these cards; return the folder."""
    (folder / "listed.txt").write_text(listed)
    (folder / "memory.txt").write_text(memory)
    tool = folder / "nvidia-smi"
    tool.write_text(f"""#!/bin/sh
case "$1" in
    -L) exec /bin/cat "{folder}/listed.txt" ;;
    --query-gpu=uuid,memory.total) exec /bin/cat "{folder}/memory.txt" ;;
    *) exit 6 ;;
esac
""")
    tool.chmod(0o755)
    return folder

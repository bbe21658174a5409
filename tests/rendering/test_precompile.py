"""What `make` compiles beforehand is all that a flight needs."""

from __future__ import annotations

import subprocess
import sys

# In a process of its own: what other tests have compiled does not count.
CODE = """
import importlib, pkgutil
from numba.core.dispatcher import Dispatcher
from nvs.rendering import cpu, precompile

precompile.main()
kernels = {}
for module in pkgutil.iter_modules(cpu.__path__, cpu.__name__ + "."):
    for name, held in vars(importlib.import_module(module.name)).items():
        # Pieces that are compiled into their callers have no overloads of their own.
        if isinstance(held, Dispatcher) and not held.targetoptions.get("forceinline"):
            kernels[name] = held
assert len(kernels) > 8, kernels
print(*sorted(name for name, kernel in kernels.items() if not kernel.overloads))
"""


def test_every_kernel_is_compiled_beforehand():
    """One that is not says "compiling the renderer" a second time, in the first flight."""
    ended = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == []

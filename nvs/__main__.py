"""`python -m nvs` is the command `nvs`."""

from nvs.cli import main

main()

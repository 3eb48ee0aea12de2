"""`python -m huntaze_cli`: the `huntaze` command where its script is not on PATH."""

from huntaze_cli.main import main

if __name__ == "__main__":
    main()

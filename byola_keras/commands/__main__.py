"""`python -m byola_keras.commands NAME ...` is `byola NAME ...`."""

from byola_keras.commands.main import main

if __name__ == "__main__":
    main()

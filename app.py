"""Entry of the Hugging Face Space, and of `python app.py`."""

from genapp.ui import serve

if __name__ == "__main__":
    serve()

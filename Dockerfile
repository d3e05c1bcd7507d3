# The app with the networks that come along, on the CPU. What can be set: docs/hosting.md.
FROM python:3.12-slim

# Spaces run containers as user 1000.
RUN useradd --create-home --uid 1000 genapp
WORKDIR /app

# Before the code, so that a change of it does not install them again.
COPY requirements.txt requirements-torch.txt ./
ARG TORCH=0
RUN pip install --no-cache-dir -r requirements.txt \
    && if [ "$TORCH" = 1 ]; then pip install --no-cache-dir -r requirements-torch.txt; fi

COPY LICENSE app.py ./
COPY weights weights
COPY genapp genapp
RUN python -m compileall -q genapp

USER 1000
ENV HF_HOME=/home/genapp/huggingface \
    HF_HUB_DISABLE_TELEMETRY=1 \
    PYTHONUNBUFFERED=1

# Models of the Hub that are to be in the image, such as "colorize upscale".
ARG TASKS=""
RUN for task in $TASKS; do \
        python -m genapp models pull --all --task "$task" || exit 1; \
    done

EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:7860/health', timeout=4)"]
CMD ["python", "-m", "genapp", "serve", "--host", "0.0.0.0", "--port", "7860"]

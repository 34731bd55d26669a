# LabelLoop's image: the ML backend, the worker and reconcile differ in their command only.
#
# It holds PyTorch for CPUs. For NVIDIA GPUs build it with another index (and give the worker a GPU in Compose):
#   docker build --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu130 .
# What only some need: extras of pyproject.toml (s3, multilingual), and packages that are none of ours (gcsfs):
#   docker build --build-arg EXTRAS=train,llm,notify,postgres,s3 --build-arg EXTRA_PACKAGES=gcsfs .

FROM python:3.11-slim AS dependencies
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ARG EXTRAS=train,llm,notify,postgres
ARG EXTRA_PACKAGES=""
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/labelloop
ENV PATH=/opt/labelloop/bin:$PATH
WORKDIR /src
# Torch alone comes from TORCH_INDEX; nothing else may, so a name that also exists there cannot slip in.
COPY requirements.lock ./
RUN pip install --no-deps --extra-index-url "$TORCH_INDEX" -c requirements.lock torch
COPY pyproject.toml ./
# Our own package is left out where an extra names it: it comes from here, never from an index.
RUN python -c "import sys, tomllib; p = tomllib.load(open('pyproject.toml', 'rb'))['project']; \
needs = [n for extra in sys.argv[1].split(',') for n in p['optional-dependencies'][extra] if not n.startswith('labelloop[')]; \
print(*p['dependencies'], *needs, sep='\n')" "$EXTRAS" > needs.txt \
    && pip install -c requirements.lock -r needs.txt $EXTRA_PACKAGES

FROM python:3.11-slim AS wheel
WORKDIR /src
COPY pyproject.toml ./
COPY README.md ./
COPY LICENSE ./
COPY labelloop labelloop
COPY sync sync
COPY workers workers
COPY ml_backend ml_backend
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.11-slim
RUN useradd --uid 1000 --create-home labelloop && install -d -o labelloop -g labelloop /data
# Two layers, so that a release which changes only our code is a small download.
COPY --from=dependencies /opt/labelloop /opt/labelloop
COPY --from=wheel /wheels /wheels
RUN /opt/labelloop/bin/pip install --no-cache-dir --no-deps --no-index /wheels/*.whl
# Libraries that report their use to their makers by default are told not to.
ENV PATH=/opt/labelloop/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    ORT_DISABLE_TELEMETRY=1 HF_HUB_DISABLE_TELEMETRY=1 \
    HF_HOME=/data/cache/huggingface \
    LABELLOOP_DATA_DIR=/data \
    LABELLOOP_HOST=0.0.0.0
WORKDIR /home/labelloop
USER labelloop
# The sentence encoder is made ready here: a new volume on /data starts with it, and serving never needs torch.
RUN python -c "from labelloop.encoders.open_encoder import load_encoder; from labelloop.settings import Settings; load_encoder(Settings())"
VOLUME /data
EXPOSE 9090
ENTRYPOINT ["labelloop"]
CMD ["serve"]

# The server. docker build -t smacs-server .
# The embedder on a GPU: --build-arg TORCH_BACKEND=cu130 (a CUDA version that uv knows), and `docker run --gpus`.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim AS build
ARG TORCH=torch==2.13.0
ARG TORCH_BACKEND=cpu
ENV UV_TORCH_BACKEND=${TORCH_BACKEND} \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PYTHON_DOWNLOADS=never \
    VIRTUAL_ENV=/opt/smacs
RUN pip install --no-cache-dir uv==0.13.9 && uv venv "$VIRTUAL_ENV"
WORKDIR /src
# What changes rarely comes first: the dependencies, each with its hash; torch by its version, for it depends on the
# backend which build there is; SMACS. The lock has all that pyproject.toml asks for, or the build stops.
RUN --mount=type=cache,target=/root/.cache/uv \
    --mount=type=bind,source=requirements-server.lock,target=/src/requirements-server.lock \
    uv pip install --no-deps --require-hashes -r requirements-server.lock
RUN --mount=type=cache,target=/root/.cache/uv uv pip install "$TORCH"
COPY pyproject.toml ./
RUN uv pip install --offline --extra serve --extra local -r pyproject.toml
COPY README.md LICENSE ./
COPY bench bench
COPY cli cli
COPY graph graph
COPY nodes nodes
COPY pool pool
COPY pools pools
COPY prompts prompts
COPY server server
COPY smacs smacs
COPY store store
RUN --mount=type=cache,target=/root/.cache/uv uv pip install --no-deps --no-build-isolation .

FROM python:${PYTHON}-slim
# libgomp1: for llama.cpp (xllamacpp's wheel does not bring it).
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --no-log-init --uid 10001 --user-group --create-home --home-dir /var/lib/smacs smacs \
    && install --directory --owner smacs --group smacs /banks
COPY --from=build /opt/smacs /opt/smacs
ENV PATH=/opt/smacs/bin:$PATH \
    SMACS_HOME=/var/lib/smacs \
    HF_HOME=/var/lib/smacs/huggingface \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 10001:10001
WORKDIR /var/lib/smacs
# All that is ever written, beside /tmp: the root file system may be read-only.
VOLUME ["/var/lib/smacs", "/banks"]
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-c", "from urllib import request; request.build_opener(request.ProxyHandler({})).open('http://127.0.0.1:8000/health', timeout=4)"]
CMD ["smacs", "serve", "--host", "0.0.0.0"]

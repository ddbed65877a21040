# cli (the last, so the default)   docker run headrace radar --input …
# worker                           Beam's SDK harness: Dataflow, Flink's worker pool (--worker_pool)
# worker-gpu                       the same with CuPy and CUDA
# launcher                         what starts a Dataflow Flex Template; needs --build-arg PIPELINE=…
#
# Everything is installed from constraints.txt when an image is built, and nothing when it starts.

# Those of constraints.txt; Python has to be the same in all.
ARG BEAM_VERSION=2.77.0
ARG PYTHON_IMAGE=python:3.11-slim-bookworm
ARG BEAM_IMAGE=apache/beam_python3.11_sdk:${BEAM_VERSION}
ARG LAUNCHER_IMAGE=gcr.io/dataflow-templates-base/python311-template-launcher-base:latest

FROM ${BEAM_IMAGE} AS beam

FROM ${LAUNCHER_IMAGE} AS template-launcher

# Without the base's own setuptools, over which another is copied.
FROM ${PYTHON_IMAGE} AS python
RUN pip uninstall --yes setuptools wheel

# The dependencies, apart from the code: they change seldom.
FROM python AS dependencies
WORKDIR /build
COPY constraints.txt pyproject.toml ./
RUN pip install --no-cache-dir --constraint constraints.txt uv
ENV UV_NO_CACHE=1 UV_CONSTRAINT=constraints.txt UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
ARG EXTRAS="--extra gcs --extra postgres --extra s3 --extra source"
# With setuptools, for what a run stages: workers build that without isolation.
# hadolint ignore=SC2086
RUN uv pip install --prefix /install --requirements pyproject.toml ${EXTRAS} setuptools

FROM dependencies AS gpu-dependencies
# hadolint ignore=SC2086
RUN uv pip install --prefix /install --requirements pyproject.toml ${EXTRAS} --extra gpu

FROM dependencies AS launcher-dependencies
# hadolint ignore=SC2086
RUN uv pip install --prefix /install --requirements pyproject.toml ${EXTRAS} --extra dataflow

FROM dependencies AS code
COPY README.md LICENSE setup.py ./
COPY batchio batchio
COPY transforms transforms
COPY pipelines pipelines
RUN uv pip install --prefix /code --no-deps --build-constraints constraints.txt .

# Runs as root, as Dataflow starts it; a cluster may give it any other user.
FROM python AS worker
COPY --from=beam /opt/apache/beam /opt/apache/beam
COPY --from=dependencies /install /usr/local
COPY --from=code /code /usr/local
# All is there already: Beam needs no environment of its own for each worker.
ENV RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT=1
ENTRYPOINT ["/opt/apache/beam/boot"]

# Not on one of CUDA's images: they have another Python. The driver is mounted, on Dataflow and by
# NVIDIA's container runtime, at the path and by the variables named here.
FROM python AS worker-gpu
COPY --from=beam /opt/apache/beam /opt/apache/beam
COPY --from=gpu-dependencies /install /usr/local
COPY --from=code /code /usr/local
ENV RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT=1 \
    LD_LIBRARY_PATH=/usr/local/nvidia/lib64 \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
ENTRYPOINT ["/opt/apache/beam/boot"]

FROM python AS launcher
ARG PIPELINE
COPY --from=template-launcher /opt/google/dataflow/python_template_launcher /opt/google/dataflow/
COPY --from=launcher-dependencies /install /usr/local
COPY --from=code /code /usr/local
COPY pipelines/${PIPELINE}.py /template/
ENV FLEX_TEMPLATE_PYTHON_PY_FILE=/template/${PIPELINE}.py
ENTRYPOINT ["/opt/google/dataflow/python_template_launcher"]

FROM python AS cli
COPY --from=dependencies /install /usr/local
COPY --from=code /code /usr/local
# A volume that is mounted there anew gets the folder's owner.
RUN useradd --uid 1000 --create-home headrace && install --directory --owner=headrace /data
USER 1000
WORKDIR /data
ENTRYPOINT ["headrace"]

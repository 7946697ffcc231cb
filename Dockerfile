# One image for workers, Prefect's servers and the one-shots: docker-compose.yml says which.
# The tag says what it is, the digest which bytes: scripts/upgrade-images renews it.
ARG PYTHON_IMAGE=python:3.11.16-slim-bookworm@sha256:a36c24f9cbdf4fd0f52d67f0823eeac19c2028c637cecc392d97f980d4fec56b

FROM ${PYTHON_IMAGE} AS build
WORKDIR /source
# Everything comes from requirements/ by version and hash, for all five clouds.
COPY requirements/build.txt requirements/production.txt requirements/
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/build && python -m venv /opt/skyclust \
    && /opt/build/bin/pip install --no-deps --require-hashes -r requirements/build.txt \
    && /opt/skyclust/bin/pip install --no-deps --require-hashes -r requirements/production.txt
COPY pyproject.toml README.md LICENSE NOTICE prefect.yaml ./
COPY skyclust skyclust
COPY skyclust_sandbox skyclust_sandbox
COPY providers providers
COPY tasks tasks
COPY flows flows
COPY deployments deployments
RUN /opt/build/bin/hatchling build --target wheel --directory /wheel \
    && /opt/skyclust/bin/pip install --no-deps --no-index /wheel/*.whl \
    && /opt/skyclust/bin/pip check \
    && /opt/skyclust/bin/python -m skyclust.embedded.logging_settings /opt/skyclust/etc \
    && chmod -R a+rX /opt/skyclust/etc

FROM ${PYTHON_IMAGE}
RUN groupadd --gid 10001 skyclust \
    && useradd --uid 10001 --gid 10001 --home-dir /var/lib/skyclust --create-home \
        --shell /usr/sbin/nologin skyclust \
    # A new volume takes its owner from the folder that it is mounted on.
    && install --directory --owner=10001 --group=10001 --mode=0700 \
        /var/lib/skyclust/costs /var/lib/skyclust/staging
COPY --from=build /opt/skyclust /opt/skyclust
COPY --chmod=0755 scripts/entrypoint /usr/local/bin/entrypoint
ENV PATH=/opt/skyclust/bin:$PATH \
    PREFECT_LOGGING_SETTINGS_PATH=/opt/skyclust/etc/logging.yml \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /var/lib/skyclust
ENTRYPOINT ["/usr/local/bin/entrypoint"]
CMD ["skyclust", "--help"]

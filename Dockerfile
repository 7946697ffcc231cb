# One image for workers, Prefect's servers and the one-shots: docker-compose.yml says which.
ARG PYTHON_IMAGE=python:3.11.14-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
# The clouds this image can manage.
ARG EXTRAS=aws,azure,gcp,openstack,proxmox
WORKDIR /source
COPY pyproject.toml README.md LICENSE prefect.yaml ./
COPY skyclust skyclust
COPY providers providers
COPY tasks tasks
COPY flows flows
COPY deployments deployments
RUN python -m venv /opt/skyclust \
    && /opt/skyclust/bin/pip install --no-cache-dir --disable-pip-version-check ".[${EXTRAS}]"

FROM ${PYTHON_IMAGE}
RUN groupadd --gid 10001 skyclust \
    && useradd --uid 10001 --gid 10001 --home-dir /var/lib/skyclust --create-home \
        --shell /usr/sbin/nologin skyclust
COPY --from=build /opt/skyclust /opt/skyclust
COPY --chmod=0755 scripts/entrypoint /usr/local/bin/entrypoint
ENV PATH=/opt/skyclust/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
WORKDIR /var/lib/skyclust
ENTRYPOINT ["/usr/local/bin/entrypoint"]
CMD ["skyclust", "--help"]

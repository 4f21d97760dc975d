# node and npm of this machine on the local base, with this machine's certificates: builds the page where no registry is reached.
ARG BASE_IMAGE=localhost/mms-debian:bookworm
FROM ${BASE_IMAGE}
COPY root/ /
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
CMD ["node"]

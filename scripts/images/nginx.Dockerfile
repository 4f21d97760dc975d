# nginx from Debian's package on an empty file system, for where no registry is reached: as small as nginx's own alpine image, with
# busybox for its shell and wget.
ARG BASE_IMAGE=localhost/mms-debian:bookworm

FROM ${BASE_IMAGE} AS build
ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends busybox-static nginx-light >/dev/null && rm -rf /var/lib/apt/lists/*
COPY nginx-root.sh /
RUN sh /nginx-root.sh /rootfs

FROM scratch
COPY --from=build /rootfs /
EXPOSE 80
STOPSIGNAL SIGQUIT
CMD ["nginx", "-g", "daemon off;"]

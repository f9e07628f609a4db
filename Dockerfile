# Build stage: all packages, compiled to dist/.
FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# The development package `node` is for machines with an older Node.js; this image has the right one.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json vite.config.ts ./
COPY src ./src
RUN node node_modules/vite/bin/vite.js build && node node_modules/typescript/bin/tsc -p tsconfig.build.json

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# better-sqlite3 brings its binary along; no package needs a script.
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force
COPY --from=build /build/dist ./dist
COPY bin ./bin
COPY nightshift.yml hosts.yml ./
COPY rules ./rules
COPY runbooks ./runbooks
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 9095
# The root file system may be read-only; everything that is written goes to /data and /tmp.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s CMD ["node", "-e", "fetch('http://127.0.0.1:9095/-/healthy').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/nightshift.js"]
CMD ["serve", "--storage.path", "/data"]

# One image for both roles; docker-compose.yml says which. glibc, because Temporal's native client has no musl build.
FROM node:20-bookworm-slim AS build
WORKDIR /baton
COPY package.json package-lock.json .npmrc ./
RUN npm ci --include=dev
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:20-bookworm-slim
ENV NODE_ENV=production \
    BATON_HOME=/var/lib/baton
WORKDIR /baton
COPY --from=build /baton/package.json ./
COPY --from=build /baton/node_modules ./node_modules
COPY --from=build /baton/dist ./dist
RUN install -d -o node -g node /var/lib/baton
USER node
VOLUME /var/lib/baton
EXPOSE 3000
CMD ["node", "--enable-source-maps", "dist/src/main.js"]

// Starts a whole AT Protocol network on 127.0.0.1, from Bluesky's own published packages: PLC directory, PDS,
// AppView (app.bsky.*), bsync and Ozone. PostgreSQL and Redis come from the caller. Ends on SIGTERM.
//
// All of it by environment variables: PACKAGES (the folder with node_modules), RUN_DIR, DB_POSTGRES_URL,
// REDIS_HOST, PLC_PORT, PDS_PORT, BSKY_PORT, OZONE_PORT, INTROSPECT_PORT, and PDS_APPVIEW_URL, where the PDS
// sends app.bsky.* calls: a proxy there can play an AppView that is away. Rate limits are on, as in production;
// `x-ratelimit-bypass: let-me-through` is exempt.

import dns from 'node:dns'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import net from 'node:net'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const env = process.env
const port = (name) => Number(env[name])
if (process.versions.node.split('.')[0] !== '22') { // 20 is too old for the packages; 24.19 crashes in better-sqlite3
  console.error(`node 22 is needed, this is ${process.version}`)
  process.exit(2)
}

// The services call listen(port) without a host, which would open them on every interface.
const realListen = net.Server.prototype.listen
net.Server.prototype.listen = function (...args) {
  const first = args[0]
  if (first !== null && typeof first === 'object' && 'port' in first) {
    if (!first.host) args[0] = { ...first, host: '127.0.0.1' }
  } else if (Number.isFinite(Number(first)) && typeof args[1] !== 'string') {
    args.splice(1, args[1] === undefined && args.length > 1 ? 1 : 0, '127.0.0.1')
  }
  return realListen.apply(this, args)
}

// And nothing leaves the machine: other hosts are refused, DNS goes to a closed port.
const loopback = /^(localhost|.*\.localhost|127(\.\d+){3}|::1|\[::1\])$/
const realConnect = net.Socket.prototype.connect
net.Socket.prototype.connect = function (...args) {
  const first = Array.isArray(args[0]) ? args[0][0] : args[0]
  const host = first !== null && typeof first === 'object' ? first.host : args[1]
  if (typeof host === 'string' && !host.startsWith('/') && !loopback.test(host)) {
    process.nextTick(() => this.destroy(Object.assign(
      new Error(`only loopback is allowed, not ${host}`), { code: 'ENETUNREACH' })))
    return this
  }
  return realConnect.apply(this, args)
}
dns.setServers(['127.0.0.1:9'])

let network
let stopping = false
async function stop(code) {
  if (stopping) return
  stopping = true
  if (network) {
    // close() first waits for the AppView to catch up; not for ever.
    await Promise.race([
      network.close().catch((err) => console.error('close:', err.message)),
      new Promise((resolve) => setTimeout(resolve, 8_000)),
    ])
  }
  process.exit(code)
}
process.on('SIGTERM', () => stop(0))
process.on('SIGINT', () => stop(0))
process.on('uncaughtException', (err) => { console.error(err); stop(1) })

const resolve = createRequire(path.join(env.PACKAGES, 'index.js')).resolve
const { TestNetwork } = await import(pathToFileURL(resolve('@atproto/dev-env')).href)
try {
  network = await TestNetwork.create({
    dbPostgresSchema: 'bsky',
    plc: { port: port('PLC_PORT') },
    pds: { // no dataDirectory: a second, short-lived PDS would get the same folder
      port: port('PDS_PORT'),
      hostname: 'localhost',
      enableDidDocWithSession: true,
      rateLimitsEnabled: true,
      rateLimitBypassKey: 'let-me-through',
      bskyAppViewUrl: env.PDS_APPVIEW_URL,
    },
    bsky: { port: port('BSKY_PORT'), publicUrl: `http://localhost:${port('BSKY_PORT')}` },
    ozone: { port: port('OZONE_PORT') },
    introspect: { port: port('INTROSPECT_PORT') },
  })
} catch (err) {
  console.error(err)
  await stop(1)
}
fs.writeFileSync(path.join(env.RUN_DIR, 'ready.json'), JSON.stringify({ pds: network.pds.url, appview: network.bsky.url }))
console.log('READY')

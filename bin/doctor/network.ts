import { createSocket } from 'node:dgram'
import { connect, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { parseAddress } from '../../lib/host/index.ts'
import { placesOf } from '../../plugins/beacons/places.ts'
import { feedsContract } from '../../plugins/feeds/index.ts'
import { nodeContract } from '../../plugins/node/index.ts'
import { messageOf, type Finding, type Patient } from './finding.ts'

const CONNECT_MILLIS = 2_000
/** Entries that come from this far ahead mean that one of two clocks is wrong. */
const AHEAD_MICROS = 2_000_000
/** Feeds that are asked for their newest entry. */
const MAX_FEEDS = 10_000

/** The running node, whether it can be reached, its clock beside those of others, and beacons. */
export async function checkNetwork(patient: Patient): Promise<Finding[]> {
  const found: Finding[] = []
  try {
    const node = await patient.context.nodeIfRunning(nodeContract)
    if (node) {
      const { pid, connections, addresses } = await node.node.status()
      found.push({ name: 'running', state: 'ok', words: `process ${pid}, connected to ${connections}` })
      found.push(await listening(addresses), await clocks(patient))
    } else {
      found.push({ name: 'running', state: 'lacks', words: 'no node', remedy: 'marmalade start --detach' })
      found.push(await port(patient))
    }
  } catch (error) {
    const remedy = 'marmalade shutdown && marmalade start --detach'
    found.push({ name: 'running', state: 'broken', words: `the node does not answer: ${messageOf(error)}`, remedy })
  }
  return [...found, await beacons(patient)]
}

/** Whether the node takes connections where it says. */
async function listening(addresses: readonly string[]): Promise<Finding> {
  const [first] = addresses
  if (first === undefined)
    return { name: 'port', state: 'broken', words: 'it listens nowhere', remedy: 'marmalade start --port 0' }
  const { host, port: number } = parseAddress(first)
  const fault = await dial(host, number)
  if (fault === undefined) return { name: 'port', state: 'ok', words: `${number} takes connections on ${host}` }
  return { name: 'port', state: 'broken', words: `${host}:${number} takes no connections (${fault})` }
}

function dial(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_MILLIS })
    const settle = (fault?: string): void => {
      socket.destroy()
      resolve(fault)
    }
    socket.once('connect', () => settle())
    socket.once('timeout', () => settle('no answer'))
    socket.once('error', (error) => settle(messageOf(error)))
  })
}

/** Whether a node could listen where the configuration says. */
async function port({ config }: Patient): Promise<Finding> {
  const name = 'port'
  if (config instanceof Error) return { name, state: 'lacks', words: 'not known: config.json says it' }
  const { host, port: number } = config
  const fault = await new Promise<string | undefined>((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host, port: number }, () => server.close(() => resolve(undefined)))
  })
  if (fault === undefined) return { name, state: 'ok', words: `${number === 0 ? 'any' : number} is free to listen on` }
  const words =
    fault === 'EADDRINUSE' ? `another program has ${number}` : `${number} on ${host} cannot be used (${fault})`
  return { name, state: 'broken', words, remedy: 'marmalade start --port 0' }
}

/** Entries bear their authors' time: one from the future is of a clock that is ahead of this one. */
async function clocks({ context }: Patient): Promise<Finding> {
  const name = 'time'
  const node = await context.nodeIfRunning(feedsContract)
  if (!node) return { name, state: 'lacks', words: 'the node has just ended' }
  let most = { shown: '', ahead: -Infinity }
  let asked = 0
  for await (const { shown, newest } of node.feeds.list()) {
    const ahead = newest - Date.now() * 1_000
    if (ahead > most.ahead) most = { shown, ahead }
    if (++asked >= MAX_FEEDS) break
  }
  if (most.ahead < AHEAD_MICROS) return { name, state: 'ok', words: 'no entry here is of the future' }
  const words = `${most.shown} is ${Math.round(most.ahead / 1e6)} s ahead`
  return { name, state: 'broken', words, remedy: 'sudo timedatectl set-ntp true' }
}

/** Whether nodes near by can find this one and be found. */
async function beacons({ config }: Patient): Promise<Finding> {
  const name = 'beacons'
  if (config instanceof Error) return { name, state: 'lacks', words: 'not known: config.json says it' }
  if (config.beacons === 'off')
    return { name, state: 'lacks', words: 'off in config.json: nodes near by are not found' }
  const places = placesOf(config.host, networkInterfaces())
  if (places.length === 0) return { name, state: 'lacks', words: 'no network is up: connect one, or use `invite`' }
  for (const family of new Set(places.map((place) => place.family))) {
    const fault = await bind(family, config.beaconPort)
    if (fault === undefined) continue
    const words = `UDP ${config.beaconPort} is another program's over IPv${family} (${fault})`
    return { name, state: 'lacks', words, remedy: `sudo ss -ulpn 'sport = ${config.beaconPort}'` }
  }
  const names = [...new Set(places.map((place) => place.name))]
  return { name, state: 'ok', words: `UDP ${config.beaconPort} on ${names.join(', ')}` }
}

/** As nodes open it: they share the port. */
function bind(family: 4 | 6, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket({ type: `udp${family}`, reuseAddr: true, ...(family === 6 && { ipv6Only: true }) })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      socket.close()
      resolve(error.code ?? error.message)
    })
    socket.bind({ port, exclusive: true }, () => socket.close(() => resolve(undefined)))
  })
}

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { soundEnvironment } from './environment.ts'

/** Something of ALSA's that plays, as `speaker:NAME` and `aplay:NAME` take it. */
export interface Device {
  readonly name: string
  readonly about: string
}

/** Of what `aplay -L` says no more is read, and of a machine no more listed. */
const MAX_BYTES = 262_144
const MAX_DEVICES = 64
const LIST_MILLIS = 3_000
/** Named in one message. */
const MAX_NAMED = 8

/** What ALSA makes of each card by itself, beside `plughw`, which converts to whatever the card takes. */
const OF_A_CARD =
  /^(hw|sysdefault|front|rear|center_lfe|side|surround\d+|iec958|spdif|hdmi|dmix|dsnoop|usbstream|modem|phoneline)(:|$)/
/** What every installation knows and no card is: nothing, and converters. */
const NO_CARD = /^(null|lavrate|samplerate|speexrate|speex|upmix|vdownmix|oss)$/

interface Sources {
  /** Where the kernel tells of sound cards. */
  readonly asound?: string
}

/**
 * ALSA's playback devices: each output of each card as `plughw:CARD=…,DEV=…`, and what the configuration names. Empty
 * where there is no ALSA. Without `aplay`, what the kernel knows.
 */
export async function listDevices({ asound = '/proc/asound' }: Sources = {}): Promise<Device[]> {
  const [named, cards, pcm] = await Promise.all([namedByAlsa(), text(join(asound, 'cards')), text(join(asound, 'pcm'))])
  const found = new Map<string, Device>()
  for (const device of [...parseNames(named), ...parseCards(cards, pcm)]) {
    if (!found.has(device.name)) found.set(device.name, device)
  }
  return [...found.values()].slice(0, MAX_DEVICES)
}

/** What `aplay -L` prints: names at the beginning of lines, what they are indented below them. */
export function parseNames(printed: string): Device[] {
  const devices: { name: string; about: string }[] = []
  for (const line of printed.split('\n')) {
    if (/^\S/.test(line)) devices.push({ name: line.trim(), about: '' })
    const last = devices.at(-1)
    if (last?.about === '' && /^\s+\S/.test(line)) last.about = line.trim()
  }
  return devices.filter(({ name }) => !OF_A_CARD.test(name) && !NO_CARD.test(name))
}

/** `/proc/asound/cards` and `/proc/asound/pcm`: every output of every card. */
export function parseCards(cards: string, pcm: string): Device[] {
  const ids = new Map<number, string>()
  for (const [, number, id = ''] of cards.matchAll(/^\s*(\d+)\s+\[([^\]]*)\]/gm)) ids.set(Number(number), id.trim())
  return [...pcm.matchAll(/^(\d+)-(\d+): ([^:]*):(.*)$/gm)].flatMap(([, card, device, id = '', rest = '']) => {
    if (!/\bplayback\b/.test(rest)) return []
    const name = `plughw:CARD=${ids.get(Number(card)) ?? Number(card)},DEV=${Number(device)}`
    return [{ name, about: (rest.split(':')[0] ?? '').trim() || id.trim() }]
  })
}

/** What to say where a device could not be opened: whether it is there, and which are. */
export async function deviceRemedy(device: string): Promise<string> {
  const devices = await listDevices()
  if (devices.some(({ name }) => name === device))
    return `${device} is there and does not open: see that nothing else plays on it`
  return `no device is called ${device}: there ${namesOf(devices)}`
}

function namesOf(devices: readonly Device[]): string {
  if (devices.length === 0) return 'is none at all (`marmalade doctor` says more)'
  const names = devices.slice(0, MAX_NAMED).map(({ name }) => name)
  const more = devices.length > MAX_NAMED ? ` and ${devices.length - MAX_NAMED} more (\`marmalade doctor\`)` : ''
  return `${devices.length === 1 ? 'is' : 'are'} ${names.join(' ')}${more}`
}

const namedByAlsa = (): Promise<string> =>
  new Promise((resolve) => {
    const options = {
      maxBuffer: MAX_BYTES,
      timeout: LIST_MILLIS,
      killSignal: 'SIGKILL',
      env: soundEnvironment(),
    } as const
    // Of a list that was cut off what came is still good.
    execFile('aplay', ['-L'], options, (_error, stdout) => resolve(stdout))
  })

const text = (file: string): Promise<string> =>
  readFile(file, 'utf8').then(
    (read) => read.slice(0, MAX_BYTES),
    () => '',
  )

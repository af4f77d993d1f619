import { existsSync, readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { MarmaladeError } from '../../lib/base/index.ts'
import { systemClock } from '../../lib/base/node/clock.ts'
import {
  loadIdentity,
  nodeCrypto,
  readIdentity,
  readSecret,
  shortIdOf,
  writeCopy,
  writeSecret,
} from '../../lib/keys/index.ts'
import type { Identity } from '../../lib/keys/index.ts'
import { holdsFeeds, homeAt, openHome, openHomeStore, type Home } from '../../lib/store/index.ts'
import { act, addCommand, addGroup, type Context } from '../cli/context.ts'

/** Bytes that the file of a secret may have: ssb-keys writes about 900. */
const MAX_SECRET_BYTES = 16_384

export function addKey(program: Command): void {
  const key = addGroup(program, {
    usage: 'key',
    summary: 'your secret key: whoever has it is you, and without it nobody can be you again',
    examples: [
      'key backup /media/usb/marmalade.secret',
      'key restore /media/usb/marmalade.secret',
      'key import ~/.ssb/secret',
    ],
  })
  addBackup(key)
  addRestore(key)
  addImport(key)
}

function addBackup(key: Command): void {
  const command = addCommand(key, {
    usage: 'backup <file>',
    summary: 'write your secret key to a new file, or with `-` to standard output: keep it where nobody else reads',
    examples: ['key backup /media/usb/marmalade.secret', 'key backup - | gpg --symmetric --output secret.gpg'],
  })
  act(command, async (context, [file = '']) => {
    const { secret } = homeAt(context.homeOption)
    const identity = loadIdentity(secret)
    const text = identity && readSecret(secret)
    if (!identity || text === undefined)
      throw new MarmaladeError('KEYS_UNREADABLE', `${secret} is not there: this home has no key yet`)
    if (file === '-') {
      process.stdout.write(text)
      return
    }
    const path = resolve(file)
    writeCopy(path, text)
    context.print({ file: path, identity: identity.id }, () =>
      [
        `the secret key of ${shortIdOf(identity.id)} is in ${path}: whoever reads it can be you`,
        'entries are not in it: peers have them, and `export --all FILE` writes them to a file',
      ].join('\n'),
    )
  })
}

function addRestore(key: Command): void {
  const command = addCommand(key, {
    usage: 'restore <file>',
    summary: 'put back a key that `key backup` wrote, `-` for standard input, into a home that has none',
    examples: ['key restore /media/usb/marmalade.secret', 'key restore - --home ~/.marmalade < secret'],
  })
  act(command, async (context, [file = '']) => {
    const { id } = await place(context, file, 'known')
    context.print({ identity: id }, () =>
      [
        `you are ${shortIdOf(id)} again: ${id}`,
        '`start`, and `connect` to somebody who has your entries: nothing is published before a peer has answered',
        'where nobody has any, `feed resume --insist`',
      ].join('\n'),
    )
  })
}

function addImport(key: Command): void {
  const command = addCommand(key, {
    usage: 'import <file>',
    summary: 'be here who you are elsewhere: takes the secret of an ssb program, for a key that never played here',
    examples: ['key import ~/.ssb/secret', 'key import - < secret'],
  })
  act(command, async (context, [file = '']) => {
    const { id } = await place(context, file, 'new')
    context.print({ identity: id }, () => `you are ${shortIdOf(id)}: ${id}\nno entry of any other program comes along`)
  })
}

/**
 * Puts a secret into a home that has none, with a database that knows whether others may have entries of its feed.
 * @param secret `known` where they may, `new` where the key never had a feed
 * @throws MarmaladeError KEYS_PRESENT, KEYS_CORRUPT, KEYS_UNREADABLE, FILE_INVALID; what `openHomeStore` throws
 */
async function place(context: Context, file: string, secret: 'known' | 'new'): Promise<Identity> {
  const text = await secretText(file)
  const home = openHome(context.homeOption)
  if (existsSync(home.secret)) throw present(home)
  const identity = readIdentity(text, file === '-' ? 'standard input' : resolve(file))
  const { id, signer } = identity
  const store = await openHomeStore(home, { identity: id, signer, crypto: nodeCrypto, clock: systemClock, secret })
  try {
    if (existsSync(home.secret)) throw present(home)
    const head = await store.head(id)
    // Entries that another player left must not be taken for a feed without any.
    if (!head && (await holdsFeeds(store)))
      throw new MarmaladeError(
        'KEYS_PRESENT',
        `the database in ${home.path} was not that player's: give another --home`,
      )
    // Before the secret: a restore that is broken off leaves a database that may be restored into once more.
    if (secret === 'known' || head) await store.own.doubt()
    else await store.own.resume()
    if (!writeSecret(home.secret, text)) throw present(home)
  } finally {
    await store.close()
  }
  return identity
}

const present = ({ secret }: Home): MarmaladeError =>
  new MarmaladeError('KEYS_PRESENT', `${secret} is there, and is never written over: give another --home`)

/** A stick keeps no modes: who else may read the file is not looked at. @throws MarmaladeError FILE_INVALID */
async function secretText(file: string): Promise<string> {
  try {
    if (file !== '-' && statSync(file).size > MAX_SECRET_BYTES) throw new Error('too large')
    const text = readFileSync(file === '-' ? 0 : file, 'latin1')
    if (text.length <= MAX_SECRET_BYTES) return text
  } catch (cause) {
    throw new MarmaladeError('FILE_INVALID', `${file} cannot be read as a secret key`, { cause })
  }
  throw new MarmaladeError('FILE_INVALID', `${file} is too large for a secret key`)
}

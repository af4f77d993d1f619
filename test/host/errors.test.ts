import test from 'tape'
import { MarmaladeError } from '../../lib/base/index.ts'
import { fromWire, toLocalWire, toWire } from '../../lib/host/wire/errors.ts'

test('what crosses the wire of an error has no path and no stack', (t) => {
  const told = (message: string) => toWire(new MarmaladeError('USAGE', message)).message
  for (const [message, left] of [
    ['cannot open /home/ann/.marmalade/secret', 'cannot open …'],
    ["'/var/lib/x y/z' is gone", "'… y/z' is gone"],
    ['at file:///home/ann/x.ts:3:4', 'at …'],
    ['~/.marmalade/db is locked', '… is locked'],
    ['C:\\Users\\ann\\secret', '…'],
  ]) {
    t.equal(told(message!), left)
  }
  const id = '@/abc/def+ghiAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=.ed25519'
  for (const kept of [id, 'net:::1:2468~shs:ab/cd/ef', 'beats/bars', '4/4', 'and/or so', 'jam/context is a tag']) {
    t.equal(told(kept), kept, 'what is no path stays')
  }
  t.deepEqual(toWire(new Error('/secret/path')), {
    name: 'INTERNAL',
    message: 'the node failed at this call; its log says why',
  })
  t.equal(toLocalWire(new MarmaladeError('USAGE', 'see /home/ann/x')).message, 'see /home/ann/x', 'its owner may know')
  t.equal(toLocalWire(new Error('/home/ann/x')).name, 'INTERNAL')
  t.end()
})

test('what comes off the wire as an error is a stranger’s text', (t) => {
  const known = fromWire({ code: 'NOT_ALLOWED', message: 'no' })
  t.deepEqual([known.code, known.message], ['NOT_ALLOWED', 'no'])
  t.ok(known instanceof MarmaladeError)
  const newer = fromWire({ code: 'FROM_THE_FUTURE', message: 'why' })
  t.deepEqual([newer.code, newer.message.includes('FROM_THE_FUTURE: why')], ['REMOTE_ERROR', true])
  for (const odd of [null, undefined, 7, 'text', [], { code: '__proto__' }, { code: 'toString' }, { message: {} }]) {
    t.equal(fromWire(odd).code, 'REMOTE_ERROR', JSON.stringify(odd))
  }
  const escape = fromWire({ code: 'USAGE', message: `\u001b[2J\r\nroot# ${'x'.repeat(10_000)}` }).message
  t.ok(escape.length <= 500 && escape.startsWith(' [2J root#'), 'one bounded line that steers no terminal')
  t.end()
})

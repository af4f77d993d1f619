import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'tape'
import { runDocument, stepsOf } from '../helpers/doc-commands.ts'
import { Teardown, withTeardown } from '../helpers/hosts.ts'

const DOCUMENT = `# A page

\`ping/note.txt\`:

\`\`\`json
{ "a": 1 }
\`\`\`

    cd ping
    cat note.txt   # for the reader
    echo one \\
      two

This is grammar, no command:

    VOICE STEPS

    $ echo shown
    shown
    $ echo "$HOME"

\`\`\`sh
cat note.txt
\`\`\`

<!-- not run: it waits for keys -->

    marmalade watch

<!-- exit 3 -->

    echo before
    sh -c 'exit 3'

<!-- on bo -->

    ls
    cat note.txt || echo none
`

test('what a document has its reader do is found, in order', (t) => {
  const steps = stepsOf(DOCUMENT)
  t.deepEqual(
    steps.map((step) => (step.kind === 'file' ? step.path : `${step.line}: ${step.text}`)),
    [
      'ping/note.txt',
      '9: cd ping',
      '10: cat note.txt   # for the reader',
      '12: echo one    two',
      '18: echo shown',
      '20: echo "$HOME"',
      '23: cat note.txt',
      '28: marmalade watch',
      '32: echo before',
      "33: sh -c 'exit 3'",
      '37: ls',
      '38: cat note.txt || echo none',
    ],
  )
  t.throws(() => stepsOf('<!-- not run: -->\n\n    marmalade watch\n'), /without a reason/)
  t.end()
})

withTeardown(
  'it is done, each command in the folder that the one before it left',
  () => new Teardown(),
  () => [],
  async (t, teardown) => {
    const { ran, notRun, machines } = await runDocument(teardown, DOCUMENT, {
      typed: ({ text }) => text.replace('shown', 'typed'),
    })
    const said = ran.map(({ stdout }) => stdout.trim())
    t.deepEqual(said.slice(1, 4), ['{ "a": 1 }', 'one two', 'typed'])
    t.equal(said[4], join(await machines.at(), '..'), 'the home of its reader')
    t.deepEqual(said.slice(-2), ['', 'none'], 'another machine has nothing of the first')
    t.deepEqual(
      notRun.map(({ why }) => why),
      ['it waits for keys'],
    )
    t.ok((await readFile(join(machines.home(), 'config.json'), 'utf8')).includes('"null"'))
    await runDocument(teardown, '    cat nothing\n').then(
      () => t.fail('it went on'),
      (error: unknown) => t.ok(String(error).includes('`cat nothing` ended with 1, not 0'), String(error)),
    )
  },
)

import js from '@eslint/js'
import tseslint from 'typescript-eslint'

/**
 * The way data flows through lib/: a folder may import only from the folders before it.
 * `host` stands beside the flow: it needs base and keys alone, and only plugins and bin use it.
 */
const FLOW = [
  'base',
  'keys',
  'entry',
  'feed',
  'store',
  'players',
  'peers',
  'wire',
  'gossip',
  'blobs',
  'jam',
  'generators',
  'mix',
  'picture',
  'sink',
  'engine',
  'bundle',
  'authoring',
]
/** Folders (and files) that must also run in a browser: no node:, no clock, no timers, no randomness. */
const PURE = ['base', 'entry', 'feed', 'peers', 'jam', 'generators', 'mix', 'picture'].map((f) => `lib/${f}/**/*.ts`)
/** The cores of gossip and blobs, file by file, beside drivers that use sockets, disk and timers. */
const CORES = [
  ...['greeting', 'octets', 'types'].map((f) => `lib/wire/${f}.ts`),
  ...[
    ...['core', 'state', 'links', 'watching', 'remember', 'offers', 'limits', 'wire', 'octets', 'types'],
    ...['asking', 'elsewhere', 'flips', 'forget', 'inquiry', 'slow'],
    ...['taking', 'losing', 'telling', 'sending', 'serving'],
  ].map((f) => `lib/gossip/${f}.ts`),
  ...['core', 'state', 'wanting', 'transfer', 'serving', 'wire', 'types'].map((f) => `lib/blobs/${f}.ts`),
]
const BROWSER = {
  regex: '^(node:|sodium-native|classic-level|speaker)',
  message: 'This also runs in a browser: put file, socket, thread and process code in a node/ folder or in the driver.',
}

const laterThan = (folder) => [...FLOW.slice(FLOW.indexOf(folder) + 1), 'host'].map((f) => `/${f}/`)
const upward = FLOW.map((folder) => {
  const files = `lib/${folder}/**/*.ts`
  return restrict(files, laterThan(folder), PURE.includes(files))
})
/** A later entry for the same file replaces the rule: so these say the direction of imports again. */
const cores = CORES.map((file) => restrict(file, laterThan(file.split('/')[1]), true))

function restrict(files, segments, pure) {
  const patterns = [
    { regex: '(^|/)(plugins|bin|test|bench)/', message: 'lib/ knows of no plugin, command or test.' },
    ...segments.map((s) => ({
      regex: `^\\.\\./(\\.\\./)?${s.slice(1)}`,
      message: `Imports run one way: ARCHITECTURE.md.`,
    })),
  ]
  if (pure) patterns.push(BROWSER)
  return {
    files: [files],
    ignores: [`${files.replace('/**/*.ts', '')}/**/node/**`],
    rules: { 'no-restricted-imports': ['error', { patterns }] },
  }
}

/** node/ sub-folders of pure folders keep the direction of imports but may use node:. */
const nodeParts = FLOW.map((folder, at) => ({
  files: [`lib/${folder}/**/node/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          { regex: '(^|/)(plugins|bin|test|bench)/', message: 'lib/ knows of no plugin, command or test.' },
          ...[...FLOW.slice(at + 1), 'host'].map((f) => ({
            regex: `^(\\.\\./)+${f}/`,
            message: 'Imports run one way: ARCHITECTURE.md.',
          })),
        ],
      },
    ],
  },
}))

const INEXACT = [
  'sin',
  'cos',
  'tan',
  'asin',
  'acos',
  'atan',
  'atan2',
  'sinh',
  'cosh',
  'tanh',
  'asinh',
  'acosh',
  'atanh',
  'exp',
  'expm1',
  'log',
  'log2',
  'log10',
  'log1p',
  'pow',
  'cbrt',
  'hypot',
  'random',
]

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'coverage/**', 'fixtures/**', 'bench/node_modules/**', 'out/**'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js', '.ci/count.js', 'fixtures/entries/make.mjs'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
    },
  },
  ...upward,
  ...nodeParts,
  ...cores,
  // A folder of host's own has the name of one of lib's: so the way up to lib is counted.
  ...[
    ['lib/host/*.ts', '^\\.\\./'],
    ['lib/host/*/**/*.ts', '^\\.\\./\\.\\./'],
  ].map(([files, up]) => ({
    files: [files],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            { regex: `${up}(${FLOW.slice(2).join('|')})/`, message: 'host/ needs base/ and keys/ alone.' },
            { regex: '(^|/)(plugins|bin|test|bench)/', message: 'lib/ knows of no plugin, command or test.' },
          ],
        },
      ],
    },
  })),
  {
    files: ['plugins/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ regex: '(^|/)(bin|test|bench)/', message: 'plugins know of no command or test.' }] },
      ],
    },
  },
  {
    files: [...PURE, ...CORES],
    ignores: ['lib/**/node/**'],
    rules: {
      'no-restricted-globals': [
        'error',
        'Date',
        'setTimeout',
        'setInterval',
        'setImmediate',
        'performance',
        'process',
        'Buffer',
        'fetch',
      ],
      'no-restricted-properties': [
        'error',
        ...INEXACT.map((property) => ({
          object: 'Math',
          property,
          message: 'Its bits differ between engines (or it is random): use lib/base/exact.ts or pass it in.',
        })),
      ],
    },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', name: 'default', package: 'tape' },
            { from: 'package', name: 'test', package: 'tape' },
          ],
        },
      ],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-misused-promises': 'off',
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: { globals: { process: 'readonly', console: 'readonly', Buffer: 'readonly', URL: 'readonly' } },
  },
)

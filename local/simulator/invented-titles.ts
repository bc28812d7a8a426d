import type { Chance } from './chance.ts';

/** Words for invented titles. Many contain characters that need escaping in JSON or CSV. */
const ADJECTIVES = 'Last,Silent,Crooked,Burning,Second,Hollow,Paper,Northern,Forgotten,Naïve,Blue,Patient'.split(',');
const NOUNS =
  'Harbour,Verdict,Orchard,Sentry,Ledger,Café,River,Accomplice,Winter,Corridor,Witness,Ferry,Debt,Bridge,Ceasefire'.split(
    ',',
  );
const PLACES = 'São Luís,Kraków,Ōsaka,Zürich,Malmö,Trieste,Córdoba,Seventh Street,Île-Tudy,Plzeň,Tromsø'.split(',');

/** In lower case once, because the catalogue has some ten thousand sentences. */
const [LOWER_ADJECTIVES, LOWER_NOUNS] = [ADJECTIVES, NOUNS].map((words) => words.map((word) => word.toLowerCase())) as [
  string[],
  string[],
];

/** Words for titles in the original language: the first word, a separator and the second word. */
const ORIGINALS: Record<string, readonly [first: string, between: string, second: string]> = {
  pt: ['Noite,Coração,Última Estação,Irmãos,Águas,O Fim', ' ', 'da Manhã,sem Perdão,do Sertão,em Março,de Ninguém'],
  es: ['Noche,El Último Señor,Año,Sombra,La Niña,Ceniza', ' ', 'de Otoño,sin Dueño,del Río,y Silencio,¡Ya!'],
  fr: [
    "L'Été,Le Garçon,Une Forêt,La Dernière Gare,Cœur",
    ' ',
    'à minuit,sans témoin,de verre,des âmes,où rien ne bouge',
  ],
  de: ['Straße,Das Gespräch,Die Brücke,Der Schlüssel', ' ', 'im Nebel,für zwei,ohne Rückkehr,der Könige'],
  ja: ['夜明け,最後,静か,北国,約束', 'の', '証人,手紙,海,橋,花火'],
  ko: ['마지막,조용한,푸른,두 번째', ' ', '증인,바다,겨울,편지,다리'],
  hi: ['आख़िरी,नीला,खोया,दूसरा', ' ', 'गवाह,शहर,पुल,सपना,मौसम'],
};
const ORIGINAL_WORDS = Object.fromEntries(
  Object.entries(ORIGINALS).map(([language, [first, between, second]]) => [
    language,
    { first: first.split(','), between, second: second.split(',') },
  ]),
);

/** Original languages of the catalogue. English is repeated, because it is more frequent. */
export const LANGUAGES = ['en', 'en', 'en', ...Object.keys(ORIGINALS)];

export const inventedTitle = (chance: Chance): string => {
  const [adjective, noun, place] = [chance.of(ADJECTIVES), chance.of(NOUNS), chance.of(PLACES)];
  return chance.of([
    `The ${adjective} ${noun}`,
    `${noun} of ${place}`,
    `${adjective} ${noun} ${chance.whole(2, 9)}`,
    `${noun}: ${adjective} & ${place}`,
    `The "${adjective}" ${noun}`,
    `A ${noun}'s ${chance.of(NOUNS)}`,
  ]);
};

/** The title in the original language and script. For English, it is `title`. */
export const originalTitle = (chance: Chance, language: string, title: string): string => {
  const words = ORIGINAL_WORDS[language];
  return words ? `${chance.of(words.first)}${words.between}${chance.of(words.second)}` : title;
};

export const inventedOverview = (chance: Chance): string => {
  const sentence = () =>
    chance.of([
      `In ${chance.of(PLACES)}, a ${chance.of(LOWER_ADJECTIVES)} clerk finds a ${chance.of(LOWER_NOUNS)} that should not exist.`,
      `Everyone wants the ${chance.of(LOWER_NOUNS)} — nobody says why.`,
      `"Leave by the ${chance.of(LOWER_NOUNS)}," she says, and the ${chance.of(LOWER_ADJECTIVES)} night begins.`,
      `Two strangers share a ${chance.of(LOWER_NOUNS)} on the road to ${chance.of(PLACES)}.`,
    ]);
  return Array.from({ length: chance.whole(0, 3) }, sentence).join(' ');
};

const GIVEN =
  'Ana,Inês,Tomás,Júlia,Zoë,Björn,Aiko,Min-jun,Priya,Łukasz,Nadia,Óscar,Siobhán,Kwame,Renée,Leila,Mateus,Ingrid'.split(
    ',',
  );
const FAMILY =
  "Moreira,Østergaard,Tanaka,Kim,Sharma,Nowák,O'Dell,Adeyemi,Lefèvre,Silva,Gonçalves,Weiß,Petrov,Haddad,Quiroga".split(
    ',',
  );

export const inventedName = (chance: Chance): string => `${chance.of(GIVEN)} ${chance.of(FAMILY)}`;

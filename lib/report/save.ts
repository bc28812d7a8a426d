import type { DayRef } from '../names.ts';
import type { ObjectStore } from '../raw-zone/object-store.ts';
import { layout } from '../runs/layout.ts';
import { type AboutRun, gatherFacts } from './facts.ts';
import { reportPage } from './page.ts';

/** Stores the report of a day beside its manifest. Does nothing where the day has no manifest. */
export const saveReport = async (store: ObjectStore, ref: DayRef, about: AboutRun = {}): Promise<void> => {
  const facts = await gatherFacts(store, ref, about);
  if (facts) await store.put(layout.report(ref), reportPage(facts), { contentType: 'text/html; charset=utf-8' });
};

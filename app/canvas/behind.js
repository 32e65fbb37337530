// @ts-check
// What is behind the selected object is looked for before anybody removes it: the removal is seen at once then.

/** @import { Api } from './api.js' */
/** @import { ObjectPanel } from './object.js' */
/** @import { Store } from './store.js' */
/** @import { OpenState, WhatIsBehind } from './types' */

const WAIT_MS = 150;

export class Behind {
  /** @param {Api} api
   * @param {Store} store
   * @param {ObjectPanel} objects */
  constructor(api, store, objects) {
    this.api = api;
    this.objects = objects;
    this.wish = '';
    this.busy = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    store.subscribeOpen((state) => this.update(state));
  }

  /** @param {OpenState} state */
  update(state) {
    const wish = this.wishOf(state);
    if (wish === this.wish) return;
    this.wish = wish;
    this.objects.sayBehind(null);
    clearTimeout(this.timer);
    if (wish) this.timer = setTimeout(() => this.ask(), WAIT_MS);
  }

  /** What is to be looked for; '' while other things are to be done, and where no film is kept.
   * @param {OpenState} state */
  wishOf(state) {
    const { server, t, playing, rendering, everyone, pending } = state;
    if (server.mode !== 'footage' || playing || rendering === 'running' || pending.length) return '';
    const picked = this.objects.picked(state);
    // Surfaces get other looks; it is things that are taken away.
    if (!picked || !this.objects.things(state).some(({ object }) => object === picked.object)) return '';
    const target = everyone ? `classes/${picked.label}` : `objects/${picked.object}`;
    return `projects/${server.project}/${target}/behind/${t}?v=${server.revision}`;
  }

  /** One after the other: the server does one at a time anyway. */
  async ask() {
    const { wish } = this;
    if (this.busy) {
      this.timer = setTimeout(() => this.ask(), WAIT_MS);
      return;
    }
    this.busy = true;
    /** @type {WhatIsBehind | null} */
    const found = await this.api.json(wish).catch(() => null);
    this.busy = false;
    if (wish === this.wish) this.objects.sayBehind(found?.filmed ?? null);
  }
}

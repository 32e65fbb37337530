// "From frame…": the look that the selected object has on one frame of the filmed clip.

import { ApiError } from './api.js';
import { h } from './dom.js';
import { styleEdit } from './edits.js';
import { closeMenu, toggleMenu } from './menu.js';
import { frameList, objectName } from './names.js';

export class FromFrame {
  constructor(api, session, store, objects) {
    Object.assign(this, { api, session, store, objects });
    this.button = h(
      'button.sb-button',
      {
        type: 'button',
        ariaHaspopup: 'dialog',
        ariaExpanded: 'false',
        title: 'The look that it has on one frame of the filmed clip',
        onclick: () => this.open(),
      },
      'From frame…',
    );
  }

  async open() {
    const picked = this.objects.picked();
    if (!picked) return;
    const place = `projects/${this.session.server.project}/filmed`;
    const found = await this.asked(() => this.api.json(`${place}?object=${picked.object}`));
    const name = objectName(picked.object, picked.label, this.session.server.classes);
    const content = found.why ? h('p', {}, found.why) : this.choice(place, picked, found);
    toggleMenu(
      this.button,
      h('div.sb-filmed', {}, h('p', {}, h('b', {}, `Look of ${name}, from a filmed frame`)), content),
      { label: `Look of ${name} from a filmed frame`, side: 'above' },
    );
  }

  /** What the server answers, or why it refuses. */
  async asked(ask) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return { why: error.message };
    }
  }

  choice(place, picked, { frames, shown, best }) {
    const cell = (t) =>
      h(
        'button.sb-look-cell',
        { type: 'button', ariaLabel: `The look on frame ${t + 1}`, onclick: () => this.take(place, picked, t) },
        h('img', { alt: '', src: this.api.url(`${place}/${t}?object=${picked.object}`) }),
        h('small', {}, t + 1),
      );
    const field = h('input.sb-number', {
      type: 'number',
      min: frames[0] + 1,
      max: frames.at(-1) + 1,
      value: best + 1,
      ariaLabel: 'Filmed frame',
      onkeydown: (event) => {
        if (event.key === 'Enter') take();
      },
    });
    const take = () => {
      const t = Number(field.value) - 1;
      if (frames.includes(t)) return this.take(place, picked, t);
      this.session.say(
        `It is not seen on frame ${field.value} as it was filmed. Take one of ${frameList(frames)}.`,
        'error',
      );
    };
    return [
      h('div.sb-filmed-grid', {}, ...shown.map(cell)),
      h(
        'div.sb-range',
        {},
        h('span', {}, 'or frame'),
        field,
        h('button.sb-button', { type: 'button', onclick: take }, 'Take it'),
      ),
    ];
  }

  /** Put the look of that frame on, in the frames that the panel says. */
  async take(place, { object, label }, t) {
    if (!this.session.mayEdit()) return;
    const look = await this.asked(() => this.api.json(`${place}/${t}/look?object=${object}`));
    if (look.why) return this.session.say(look.why, 'error');
    closeMenu();
    this.session.edit(
      styleEdit({
        target: this.objects.target({ object, label }),
        label,
        code: look.code,
        provenance: look.provenance,
        frames: this.objects.frames(),
      }),
    );
  }
}

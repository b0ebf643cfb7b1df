'use strict';

/** A multipart form of text fields. */
class FormData {
  constructor() {
    this.fields = [];
    this.boundary = 'form-boundary';
  }

  get contentType() {
    return `multipart/form-data; boundary=${this.boundary}`;
  }

  append(name, value) {
    this.fields.push([name, value]);
  }

  toString() {
    const parts = this.fields.map(
      ([name, value]) => `--${this.boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    );
    return `${parts.join('')}--${this.boundary}--\r\n`;
  }
}

module.exports = FormData;

#!/usr/bin/env ruby
# frozen_string_literal: true

# Signed URLs for reelgate: Ruby 2.7 or later, nothing else.
#
# sign('/m/ID', ...)                  one video; the same query opens /embed/ID, its poster and its subtitles
# sign('/files/LIBRARY/FILE', ...)    one file by its path
# sign('/files/LIBRARY/FOLDER/', ...) everything below: put the query behind the path of any file there

require 'erb'
require 'openssl'

module Reelgate
  # path is not percent-encoded; expires counts seconds since 1970; secret is as `reelgate key create` prints it.
  def self.sign(path, expires, key_id, secret)
    _, place, rest = path.split('/', 3)
    kind, target = place == 'files' ? ['path', rest.sub(%r{/+\z}, '')] : ['item', rest.split('/').first]
    fields = ['reelgate-link-1', key_id, kind, target, expires.to_s, 'watch']
    message = fields.map { |field| [field.bytesize].pack('Q>') + field.b }.join
    key = secret.tr('-_', '+/').unpack1('m')
    digest = OpenSSL::HMAC.digest('SHA256', key, message)
    signature = [digest].pack('m0').tr('+/', '-_').delete('=')
    encoded = path.split('/', -1).map { |part| ERB::Util.url_encode(part) }.join('/')
    "#{encoded}?exp=#{expires}&kid=#{key_id}&sig=#{signature}"
  end
end

# REELGATE_SECRET=... ruby sign.rb PATH EXPIRES KEY_ID
if $PROGRAM_NAME == __FILE__
  path, expires, key_id = ARGV.map { |argument| argument.dup.force_encoding('UTF-8') }
  puts Reelgate.sign(path, Integer(expires, 10), key_id, ENV.fetch('REELGATE_SECRET'))
end

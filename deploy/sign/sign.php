<?php
// Signed URLs for reelgate: PHP 8.0 or later, nothing else.
//
// reelgate_sign('/m/ID', ...)                  one video; the same query opens /embed/ID, its poster and its subtitles
// reelgate_sign('/files/LIBRARY/FILE', ...)    one file by its path
// reelgate_sign('/files/LIBRARY/FOLDER/', ...) everything below: put the query behind the path of any file there

declare(strict_types=1);

/** $path is not percent-encoded; $expires counts seconds since 1970; $secret is as `reelgate key create` prints it. */
function reelgate_sign(string $path, int $expires, string $keyId, string $secret): string
{
    [, $place, $rest] = explode('/', $path, 3);
    [$kind, $target] = $place === 'files' ? ['path', rtrim($rest, '/')] : ['item', explode('/', $rest)[0]];
    $message = '';
    foreach (['reelgate-link-1', $keyId, $kind, $target, (string) $expires, 'watch'] as $field) {
        $message .= pack('J', strlen($field)) . $field;
    }
    $key = base64_decode(strtr($secret, '-_', '+/'));
    $digest = hash_hmac('sha256', $message, $key, true);
    $signature = rtrim(strtr(base64_encode($digest), '+/', '-_'), '=');
    $encoded = implode('/', array_map('rawurlencode', explode('/', $path)));
    return "$encoded?exp=$expires&kid=$keyId&sig=$signature";
}

// REELGATE_SECRET=... php sign.php PATH EXPIRES KEY_ID
if (PHP_SAPI === 'cli' && realpath($argv[0]) === __FILE__) {
    echo reelgate_sign($argv[1], (int) $argv[2], $argv[3], getenv('REELGATE_SECRET')), "\n";
}

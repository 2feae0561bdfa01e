<?php

// SimpleSAMLphp as an identity provider of one test, in the folder that TENANTIDP_SIMPLESAMLPHP names.
$folder = getenv('TENANTIDP_SIMPLESAMLPHP');
$settings = require __DIR__ . '/settings.php';

$config = [
    'baseurlpath' => $settings['address'] . '/',
    'certdir' => "$folder/",
    'datadir' => "$folder/",
    'loggingdir' => "$folder/",
    'tempdir' => "$folder/temp",
    'metadatadir' => __DIR__ . '/metadata',
    'attributenamemapdir' => '/usr/share/simplesamlphp/config/attributemap/',
    'timezone' => 'UTC',
    'secretsalt' => 'interop',
    'auth.adminpassword' => bin2hex(random_bytes(16)),
    'trusted.url.domains' => [],
    'showerrors' => true,
    'logging.handler' => 'errorlog',
    'logging.level' => SimpleSAML\Logger::INFO,
    'enable.saml20-idp' => true,
    'module.enable' => ['core' => true, 'saml' => true, 'exampleauth' => true],
    'store.type' => 'phpsession',
    'session.phpsession.savepath' => $folder,
    'session.cookie.secure' => false,
    'session.cookie.samesite' => null,
    'language.default' => 'en',
    'language.cookie.secure' => false,
    'language.cookie.samesite' => null,
];

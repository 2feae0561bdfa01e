<?php

$settings = require dirname(__DIR__) . '/settings.php';
$bindings = ['urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect', 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST'];

$metadata[$settings['entityId']] = [
    'host' => '__DEFAULT__',
    'auth' => 'users',
    'privatekey' => 'idp.key',
    'certificate' => 'idp.crt',
    'SingleSignOnServiceBinding' => $bindings,
    'SingleLogoutServiceBinding' => $bindings,
    'NameIDFormat' => $settings['nameIdFormat'],
    'authproc' => [1 => ['class' => 'saml:AttributeNameID', 'attribute' => $settings['nameIdAttribute'], 'Format' => $settings['nameIdFormat']]],
    'attributes.NameFormat' => 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri',
    'validate.authnrequest' => $settings['signedRequests'],
    'redirect.sign' => true,
    'redirect.validate' => $settings['signedRequests'],
] + ($settings['rollover'] ? ['new_privatekey' => 'new.key', 'new_certificate' => 'new.crt'] : []);

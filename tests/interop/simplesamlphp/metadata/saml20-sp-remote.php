<?php

$settings = require dirname(__DIR__) . '/settings.php';

foreach ($settings['serviceProviders'] as $sp) {
    $metadata[$sp['entityId']] = [
        'AssertionConsumerService' => $sp['acs'],
        'saml20.sign.response' => $settings['signResponse'],
        'saml20.sign.assertion' => $settings['signAssertion'],
        'assertion.encryption' => $settings['encryption'] !== null,
        'sign.logout' => true,
        'validate.logout' => $sp['certificates'] !== [],
        'keys' => array_map(
            fn ($certificate) => ['type' => 'X509Certificate', 'signing' => true, 'encryption' => true, 'X509Certificate' => $certificate],
            $sp['certificates']
        ),
    ]
        + ($settings['encryption'] === null ? [] : ['sharedkey_algorithm' => $settings['encryption']])
        + ($sp['slo'] === null ? [] : ['SingleLogoutService' => [['Binding' => $sp['sloBinding'], 'Location' => $sp['slo']]]]);
}

<?php

$settings = require __DIR__ . '/settings.php';

$config = ['users' => ['exampleauth:UserPass'] + $settings['users']];

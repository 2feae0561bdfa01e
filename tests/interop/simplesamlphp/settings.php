<?php

// What the test wants, read again at each request: a service provider is registered only once it knows the identity provider.
return json_decode(file_get_contents(getenv('TENANTIDP_SIMPLESAMLPHP') . '/settings.json'), true, 16, JSON_THROW_ON_ERROR);

-- What is true of every database of TenantIdP, whatever happened to its nodes: SECURITY.md section 3. Each statement names the rows that break it, and no row is the
-- right answer. It runs on SQLite and on PostgreSQL. "always" is true at any moment; "soon" within 30 seconds, because a work of the background brings it about;
-- "after a hold" as soon as that once a dead node holds nothing any more, which takes two minutes; "(of TABLE)" is asked only where there is such a table.

-- always: an organization that had an owner has one who can act
SELECT CAST(o.id AS text) FROM organizations o
WHERE o.status <> 'Deleting'
  AND EXISTS (SELECT 1 FROM events e WHERE e.organization_id = o.id AND e.type IN ('member.joined', 'member.role_granted') AND CAST(e.data AS text) LIKE '%"owner"%')
  AND NOT EXISTS (
    SELECT 1 FROM memberships m
    JOIN users u ON u.id = m.user_id AND u.status = 'Active'
    JOIN membership_roles h ON h.organization_id = m.organization_id AND h.membership_id = m.id
    JOIN roles r ON r.organization_id = h.role_organization_id AND r.id = h.role_id
    WHERE m.organization_id = o.id AND m.status = 'Active' AND r.key = 'owner' AND r.organization_id = '00000000-0000-0000-0000-000000000000');

-- always: a membership is of a user and of an organization
SELECT CAST(m.id AS text) FROM memberships m
LEFT JOIN users u ON u.id = m.user_id
LEFT JOIN organizations o ON o.id = m.organization_id
WHERE u.id IS NULL OR o.id IS NULL;

-- always: a person is in an organization once
SELECT CAST(user_id AS text) FROM memberships GROUP BY organization_id, user_id HAVING count(*) > 1;

-- always: somebody who joined has the event of it
SELECT CAST(m.id AS text) FROM memberships m
WHERE NOT EXISTS (SELECT 1 FROM events e WHERE e.organization_id = m.organization_id AND e.type IN ('member.joined', 'member.merged', 'organization.created'));

-- always: a membership that ended by removal has no roles
SELECT CAST(m.id AS text) FROM memberships m
JOIN membership_roles h ON h.organization_id = m.organization_id AND h.membership_id = m.id
WHERE m.status = 'Removed';

-- always: a role that is held exists
SELECT CAST(h.membership_id AS text) FROM membership_roles h
LEFT JOIN roles r ON r.organization_id = h.role_organization_id AND r.id = h.role_id
WHERE r.id IS NULL;

-- always: an invitation that was accepted made a membership, which a merge of two accounts may have joined to another (of invitations)
SELECT CAST(i.id AS text) FROM invitations i
WHERE i.status = 'Accepted'
  AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.organization_id = i.organization_id AND m.id = i.membership_id)
  AND NOT EXISTS (SELECT 1 FROM events e WHERE e.organization_id = i.organization_id AND e.type = 'member.merged');

-- always: an invitation that has not ended let nobody in (of invitations)
SELECT CAST(id AS text) FROM invitations WHERE status <> 'Accepted' AND (membership_id IS NOT NULL OR accepted_by IS NOT NULL);

-- always: an address has one open invitation to an organization (of invitations)
SELECT CAST(normalized AS text) FROM invitations WHERE status = 'Pending' GROUP BY organization_id, normalized HAVING count(*) > 1;

-- always: a host is verified for one organization
SELECT CAST(host AS text) FROM organization_domains WHERE verified_at IS NOT NULL GROUP BY host HAVING count(*) > 1;

-- always: a verified address is one person's
SELECT CAST(normalized AS text) FROM user_emails WHERE verified_at IS NOT NULL GROUP BY normalized HAVING count(*) > 1;

-- always: an organization's slug leads to it
SELECT CAST(o.slug AS text) FROM organizations o
WHERE NOT EXISTS (SELECT 1 FROM organization_slugs s WHERE s.slug = o.slug AND s.organization_id = o.id AND s.until IS NULL);

-- always: no grant stands in an organization whose membership has ended
SELECT CAST(a.id AS text) FROM oidc_authorizations a
LEFT JOIN memberships m ON m.organization_id = a.organization_id AND m.user_id = a.user_id
WHERE a.status = 'valid' AND a.organization_id IS NOT NULL AND (m.id IS NULL OR m.status IN ('Deactivated', 'Removed'));

-- always: no grant stands on a session that was ended
SELECT CAST(a.id AS text) FROM oidc_authorizations a JOIN sessions s ON s.id = a.session_id WHERE a.status = 'valid' AND s.ended_at IS NOT NULL;

-- always: no grant stands of a person who may not sign in
SELECT CAST(a.id AS text) FROM oidc_authorizations a JOIN users u ON u.id = a.user_id WHERE a.status = 'valid' AND u.status <> 'Active';

-- always: no session lives of a person who may not sign in
SELECT CAST(s.id AS text) FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.ended_at IS NULL AND u.status <> 'Active';

-- always: a family has one live refresh token at most
SELECT CAST(t.authorization_id AS text) FROM oidc_tokens t JOIN oidc_authorizations a ON a.id = t.authorization_id
WHERE a.status = 'valid' AND t.status = 'valid' AND t.type LIKE '%refresh_token'
GROUP BY t.authorization_id HAVING count(*) > 1;

-- always: a token is of a grant that exists
SELECT CAST(t.id AS text) FROM oidc_tokens t LEFT JOIN oidc_authorizations a ON a.id = t.authorization_id WHERE t.authorization_id IS NOT NULL AND a.id IS NULL;

-- always: one signing key is made for each generation, and none is skipped
SELECT algorithm FROM oidc_signing_keys GROUP BY algorithm HAVING count(*) <> max(generation) - min(generation) + 1;

-- always: both algorithms have a key
SELECT w.algorithm FROM (SELECT 'ES256' AS algorithm UNION ALL SELECT 'RS256') w WHERE NOT EXISTS (SELECT 1 FROM oidc_signing_keys k WHERE k.algorithm = w.algorithm);

-- always: the log has no gap
SELECT 'of ' || CAST(max(position) AS text) || ' there are ' || CAST(count(*) AS text) FROM events WHERE position IS NOT NULL HAVING count(*) <> coalesce(max(position), 0);

-- always: a chain ends where its last event is
SELECT CAST(c.organization_id AS text) FROM event_chains c
WHERE c.position <> (SELECT coalesce(max(e.position), 0) FROM events e WHERE e.organization_id = c.organization_id);

-- always: a live user of a directory is somebody's membership in the same organization (of directory_users)
SELECT CAST(u.id AS text) FROM directory_users u
LEFT JOIN memberships m ON m.organization_id = u.organization_id AND m.id = u.membership_id
WHERE u.deleted_at IS NULL AND (m.id IS NULL OR m.user_id <> u.user_id);

-- always: a user name is one live user's of a directory (of directory_users)
SELECT CAST(user_name_key AS text) FROM directory_users WHERE deleted_at IS NULL GROUP BY organization_id, directory_id, user_name_key HAVING count(*) > 1;

-- always: an external id is one live user's of a directory (of directory_users)
SELECT CAST(external_id AS text) FROM directory_users WHERE deleted_at IS NULL AND external_id IS NOT NULL GROUP BY organization_id, directory_id, external_id HAVING count(*) > 1;

-- always: a person is one live user of a directory (of directory_users)
SELECT CAST(membership_id AS text) FROM directory_users WHERE deleted_at IS NULL GROUP BY organization_id, directory_id, membership_id HAVING count(*) > 1;

-- always: a member of a group is a live user of the same directory (of directory_group_members)
SELECT CAST(g.group_id AS text) FROM directory_group_members g
JOIN directory_groups d ON d.organization_id = g.organization_id AND d.id = g.group_id
LEFT JOIN directory_users u ON u.organization_id = g.organization_id AND u.id = g.directory_user_id
WHERE u.id IS NULL OR u.deleted_at IS NOT NULL OR u.directory_id <> d.directory_id;

-- always: a group's name is one group's of a directory (of directory_groups)
SELECT CAST(name_key AS text) FROM directory_groups GROUP BY organization_id, directory_id, name_key HAVING count(*) > 1;

-- always: a role that a group gave is one that a mapping of a group of the member gives (of group_mappings)
SELECT CAST(h.membership_id AS text) FROM membership_roles h
WHERE h.source = 'ScimGroup' AND NOT EXISTS (
  SELECT 1 FROM group_mappings p
  JOIN directory_group_members g ON g.organization_id = p.organization_id AND g.group_id = p.group_id
  JOIN directory_users u ON u.organization_id = g.organization_id AND u.id = g.directory_user_id AND u.deleted_at IS NULL
  WHERE p.organization_id = h.organization_id AND p.role_id = h.role_id AND p.workspace_id IS NULL AND u.membership_id = h.membership_id);

-- always: who is in a mapped group has its role while both directory and organization let them in (of group_mappings)
SELECT CAST(u.membership_id AS text) FROM group_mappings p
JOIN directory_group_members g ON g.organization_id = p.organization_id AND g.group_id = p.group_id
JOIN directory_users u ON u.organization_id = g.organization_id AND u.id = g.directory_user_id AND u.deleted_at IS NULL AND u.active
JOIN memberships m ON m.organization_id = u.organization_id AND m.id = u.membership_id AND m.status = 'Active'
WHERE p.workspace_id IS NULL AND NOT EXISTS (
  SELECT 1 FROM membership_roles h
  WHERE h.organization_id = p.organization_id AND h.membership_id = u.membership_id AND h.role_id = p.role_id AND h.source = 'ScimGroup');

-- soon: every event is sealed
SELECT CAST(id AS text) FROM events WHERE position IS NULL;

-- after a hold: the outbox is empty (of outbox_messages)
SELECT CAST(id AS text) FROM outbox_messages WHERE state = 'Pending';

using Microsoft.EntityFrameworkCore.Migrations;

namespace TenantIdP.Storage.Sqlite;

/// <summary>
/// Triggers that keep the event log append-only, whoever writes: an event is written unsealed and sealed once, its personal row is written once and may be erased, a chain only
/// grows. A migration that rebuilds one of these tables (SQLite does that for most changes of a column) drops its triggers and must add them again.
/// </summary>
internal static class SqliteEventGuard
{
    // REPLACE deletes the row in the way without asking the trigger of DELETE, so what it could replace is looked for.
    private static readonly string[] Triggers =
    [
        """
        CREATE TRIGGER events_insert_guard BEFORE INSERT ON events
        WHEN NEW.position IS NOT NULL OR NEW.hash IS NOT NULL OR EXISTS (SELECT 1 FROM events WHERE organization_id = NEW.organization_id AND id = NEW.id)
        BEGIN SELECT RAISE(ABORT, 'events: written once and unsealed'); END
        """,
        """
        CREATE TRIGGER events_update_guard BEFORE UPDATE ON events
        WHEN OLD.position IS NOT NULL OR NEW.position IS NULL OR NEW.hash IS NULL OR EXISTS (SELECT 1 FROM events WHERE position = NEW.position)
            OR NEW.organization_id IS NOT OLD.organization_id OR NEW.id IS NOT OLD.id OR NEW.type IS NOT OLD.type OR NEW.occurred_at IS NOT OLD.occurred_at
            OR NEW.actor_kind IS NOT OLD.actor_kind OR NEW.actor_id IS NOT OLD.actor_id OR NEW.target_id IS NOT OLD.target_id OR NEW.data IS NOT OLD.data
            OR NEW.trace_id IS NOT OLD.trace_id OR NEW.personal_hash IS NOT OLD.personal_hash
        BEGIN SELECT RAISE(ABORT, 'events: sealed once and changed never'); END
        """,
        """
        CREATE TRIGGER events_delete_guard BEFORE DELETE ON events
        BEGIN SELECT RAISE(ABORT, 'events: never deleted'); END
        """,
        """
        CREATE TRIGGER event_personal_data_insert_guard BEFORE INSERT ON event_personal_data
        WHEN EXISTS (SELECT 1 FROM event_personal_data WHERE organization_id = NEW.organization_id AND event_id = NEW.event_id)
        BEGIN SELECT RAISE(ABORT, 'event_personal_data: written once'); END
        """,
        """
        CREATE TRIGGER event_personal_data_update_guard BEFORE UPDATE ON event_personal_data
        BEGIN SELECT RAISE(ABORT, 'event_personal_data: erased or left alone'); END
        """,
        """
        CREATE TRIGGER event_chains_insert_guard BEFORE INSERT ON event_chains
        WHEN EXISTS (SELECT 1 FROM event_chains WHERE organization_id = NEW.organization_id)
        BEGIN SELECT RAISE(ABORT, 'event_chains: begun once'); END
        """,
        """
        CREATE TRIGGER event_chains_update_guard BEFORE UPDATE ON event_chains
        WHEN NEW.organization_id IS NOT OLD.organization_id OR NEW.position <= OLD.position OR NEW.count <= OLD.count
        BEGIN SELECT RAISE(ABORT, 'event_chains: only grow'); END
        """,
        """
        CREATE TRIGGER event_chains_delete_guard BEFORE DELETE ON event_chains
        BEGIN SELECT RAISE(ABORT, 'event_chains: never deleted'); END
        """,
    ];

    private static readonly string[] Names =
    [
        "events_insert_guard", "events_update_guard", "events_delete_guard", "event_personal_data_insert_guard", "event_personal_data_update_guard",
        "event_chains_insert_guard", "event_chains_update_guard", "event_chains_delete_guard",
    ];

    public static void Add(MigrationBuilder migration)
    {
        foreach (var trigger in Triggers) migration.Sql(trigger);
    }

    public static void Drop(MigrationBuilder migration)
    {
        foreach (var name in Names) migration.Sql($"DROP TRIGGER {name}");
    }
}

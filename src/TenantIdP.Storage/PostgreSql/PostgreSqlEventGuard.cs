using Microsoft.EntityFrameworkCore.Migrations;

namespace TenantIdP.Storage.PostgreSql;

/// <summary>
/// Triggers that keep the event log append-only, for the owner of the tables too: an event is written unsealed and sealed once, its personal row is written once and may be
/// erased, a chain only grows. The server's own role needs less than the owner's rights: docs/operations/audit.md has them.
/// </summary>
internal static class PostgreSqlEventGuard
{
    private static readonly string[] Guards =
    [
        """
        CREATE FUNCTION events_guard() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'INSERT' AND NEW.position IS NULL AND NEW.hash IS NULL THEN RETURN NEW; END IF;
            IF TG_OP = 'UPDATE' AND OLD.position IS NULL AND NEW.position IS NOT NULL AND NEW.hash IS NOT NULL
                AND ROW(NEW.organization_id, NEW.id, NEW.type, NEW.occurred_at, NEW.actor_kind, NEW.actor_id, NEW.target_id, NEW.data, NEW.trace_id, NEW.personal_hash)
                    IS NOT DISTINCT FROM
                    ROW(OLD.organization_id, OLD.id, OLD.type, OLD.occurred_at, OLD.actor_kind, OLD.actor_id, OLD.target_id, OLD.data, OLD.trace_id, OLD.personal_hash)
            THEN RETURN NEW; END IF;
            RAISE EXCEPTION 'events: written once and unsealed, sealed once, changed and deleted never' USING ERRCODE = 'restrict_violation';
        END $$
        """,
        "CREATE TRIGGER events_guard BEFORE INSERT OR UPDATE OR DELETE ON events FOR EACH ROW EXECUTE FUNCTION events_guard()",
        "CREATE TRIGGER events_truncate_guard BEFORE TRUNCATE ON events FOR EACH STATEMENT EXECUTE FUNCTION events_guard()",
        """
        CREATE FUNCTION event_personal_data_guard() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'event_personal_data: erased or left alone' USING ERRCODE = 'restrict_violation';
        END $$
        """,
        "CREATE TRIGGER event_personal_data_guard BEFORE UPDATE ON event_personal_data FOR EACH ROW EXECUTE FUNCTION event_personal_data_guard()",
        """
        CREATE FUNCTION event_chains_guard() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' AND NEW.organization_id = OLD.organization_id AND NEW.position > OLD.position AND NEW.count > OLD.count THEN RETURN NEW; END IF;
            RAISE EXCEPTION 'event_chains: only grow' USING ERRCODE = 'restrict_violation';
        END $$
        """,
        "CREATE TRIGGER event_chains_guard BEFORE UPDATE OR DELETE ON event_chains FOR EACH ROW EXECUTE FUNCTION event_chains_guard()",
        "CREATE TRIGGER event_chains_truncate_guard BEFORE TRUNCATE ON event_chains FOR EACH STATEMENT EXECUTE FUNCTION event_chains_guard()",
    ];

    public static void Add(MigrationBuilder migration)
    {
        foreach (var guard in Guards) migration.Sql(guard);
    }

    public static void Drop(MigrationBuilder migration)
    {
        migration.Sql("DROP TRIGGER events_guard ON events");
        migration.Sql("DROP TRIGGER events_truncate_guard ON events");
        migration.Sql("DROP FUNCTION events_guard()");
        migration.Sql("DROP TRIGGER event_personal_data_guard ON event_personal_data");
        migration.Sql("DROP FUNCTION event_personal_data_guard()");
        migration.Sql("DROP TRIGGER event_chains_guard ON event_chains");
        migration.Sql("DROP TRIGGER event_chains_truncate_guard ON event_chains");
        migration.Sql("DROP FUNCTION event_chains_guard()");
    }
}

using System;
using Microsoft.EntityFrameworkCore.Migrations;
using TenantIdP.Storage.Sqlite;

#nullable disable

namespace TenantIdP.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Audit : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<Guid>(
                name: "user_id",
                table: "event_personal_data",
                type: "TEXT",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "event_chains",
                columns: table => new
                {
                    organization_id = table.Column<Guid>(type: "TEXT", nullable: false),
                    count = table.Column<long>(type: "INTEGER", nullable: false),
                    first = table.Column<long>(type: "INTEGER", nullable: false),
                    position = table.Column<long>(type: "INTEGER", nullable: false),
                    hash = table.Column<string>(type: "TEXT", maxLength: 64, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_event_chains", x => x.organization_id);
                });

            migrationBuilder.CreateIndex(
                name: "ix_events_actor_id_position",
                table: "events",
                columns: new[] { "actor_id", "position" },
                filter: "position IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_events_occurred_at",
                table: "events",
                column: "occurred_at",
                filter: "position IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_events_organization_id_position",
                table: "events",
                columns: new[] { "organization_id", "position" },
                filter: "position IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_events_target_id_position",
                table: "events",
                columns: new[] { "target_id", "position" },
                filter: "position IS NOT NULL");

            migrationBuilder.CreateIndex(
                name: "ix_event_personal_data_user_id",
                table: "event_personal_data",
                column: "user_id");

            SqliteEventGuard.Add(migrationBuilder);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            SqliteEventGuard.Drop(migrationBuilder);

            migrationBuilder.DropTable(
                name: "event_chains");

            migrationBuilder.DropIndex(
                name: "ix_events_actor_id_position",
                table: "events");

            migrationBuilder.DropIndex(
                name: "ix_events_occurred_at",
                table: "events");

            migrationBuilder.DropIndex(
                name: "ix_events_organization_id_position",
                table: "events");

            migrationBuilder.DropIndex(
                name: "ix_events_target_id_position",
                table: "events");

            migrationBuilder.DropIndex(
                name: "ix_event_personal_data_user_id",
                table: "event_personal_data");

            migrationBuilder.DropColumn(
                name: "user_id",
                table: "event_personal_data");
        }
    }
}

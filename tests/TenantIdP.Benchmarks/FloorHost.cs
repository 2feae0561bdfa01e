using System.Data.Common;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace TenantIdP.Benchmarks;

/// <summary>What a permission check can't cost less than: one join by hand on the same rows, behind one endpoint without any authentication.</summary>
internal static class FloorHost
{
    private const string Join =
        "SELECT r.permissions FROM memberships m JOIN membership_roles h ON h.organization_id = m.organization_id AND h.membership_id = m.id "
        + "JOIN roles r ON r.organization_id = h.role_organization_id AND r.id = h.role_id WHERE m.organization_id = @organization AND m.user_id = @user AND m.status = 'Active'";

    public static async Task<int> RunAsync(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        var text = builder.Configuration.GetConnectionString("Floor")!; // set by the caller
        await using var source = builder.Configuration["Provider"] == "Sqlite" ? SqliteFactory.Instance.CreateDataSource(text) : new NpgsqlDataSourceBuilder(text).Build();
        await using var app = builder.Build();
        app.MapGet("/health/ready", () => "ready");
        app.MapPost("/check", async (Question question, HttpContext http) =>
        {
            await using var connection = await source.OpenConnectionAsync(http.RequestAborted);
            await using var command = connection.CreateCommand();
            command.CommandText = Join;
            Add(command, "organization", source is NpgsqlDataSource ? question.Organization : question.Organization.ToString().ToUpperInvariant());
            Add(command, "user", source is NpgsqlDataSource ? question.User : question.User.ToString().ToUpperInvariant());
            await using var rows = await command.ExecuteReaderAsync(http.RequestAborted);
            var allowed = false;
            while (await rows.ReadAsync(http.RequestAborted)) allowed |= rows.GetString(0).Contains(question.Permission, StringComparison.Ordinal);
            return Results.Ok(new { allowed });
        });
        await app.RunAsync();
        return 0;
    }

    private static void Add(DbCommand command, string name, object value)
    {
        var parameter = command.CreateParameter();
        (parameter.ParameterName, parameter.Value) = (name, value);
        command.Parameters.Add(parameter);
    }

    internal sealed record Question(Guid Organization, Guid User, string Permission);
}

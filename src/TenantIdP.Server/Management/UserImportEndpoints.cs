using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

/// <summary>People and memberships as NDJSON, one row a line, and an answer of one line for each.</summary>
internal static class UserImportEndpoints
{
    private const string Ndjson = "application/x-ndjson";
    private const long MaxBody = 20 * 1024 * 1024;

    private static readonly JsonSerializerOptions Json = MakeJson();

    public static void MapUserImport(this RouteGroupBuilder api) =>
        api.MapPost("/users/import", ImportAsync).WithTags("Users").RequireInstance().WithMetadata(new BodyLimit(MaxBody, Ndjson)).WithName("ImportUsers")
            .WithSummary("Creates or updates people and memberships from NDJSON, password hashes included; answers a line for each row.");

    private static async Task<Results<PushStreamHttpResult, ProblemHttpResult>> ImportAsync(string? match, bool? dryRun, HttpRequest request, UserImport import, CancellationToken ct)
    {
        if (match is not (null or "email")) return Problems.From(ImportErrors.MatchInvalid);
        var body = new MemoryStream();
        await request.Body.CopyToAsync(body, ct); // bounded and in memory already: a caller who writes all before reading anything must not wait for us
        var lines = LinesOf(body.GetBuffer().AsMemory(0, (int)body.Length));
        if (lines.Count > UserImport.MaxRows) return Problems.From(ImportErrors.TooManyRows);
        var options = new ImportOptions(match is not null, dryRun == true);
        return TypedResults.Stream(answer => RunAsync(lines, options, import, answer, ct), Ndjson);
    }

    private static async Task RunAsync(List<ReadOnlyMemory<byte>> lines, ImportOptions options, UserImport import, Stream answer, CancellationToken ct)
    {
        var row = 0;
        foreach (var batch in lines.Chunk(UserImport.BatchSize))
        {
            foreach (var outcome in await import.RunAsync([.. batch.Select(Read)], options, ct))
            {
                await JsonSerializer.SerializeAsync(answer, ImportRowResponse.From(++row, outcome), Json, ct);
                await answer.WriteAsync("\n"u8.ToArray(), ct);
            }

            await answer.FlushAsync(ct);
        }
    }

    /// <summary>Empty lines are no rows.</summary>
    private static List<ReadOnlyMemory<byte>> LinesOf(ReadOnlyMemory<byte> body)
    {
        var lines = new List<ReadOnlyMemory<byte>>();
        if (body.Span.StartsWith("\uFEFF"u8)) body = body[3..];
        while (!body.IsEmpty && lines.Count <= UserImport.MaxRows)
        {
            var end = body.Span.IndexOf((byte)'\n');
            var line = end < 0 ? body : body[..end];
            body = end < 0 ? default : body[(end + 1)..];
            if (!line.Span.Trim(" \t\r"u8).IsEmpty) lines.Add(line);
        }

        return lines;
    }

    private static Result<ImportRow> Read(ReadOnlyMemory<byte> line)
    {
        if (!StorableText.IsIn(line.Span)) return new Error(ErrorKind.Invalid, EdgeProblems.TextInvalid.Code, EdgeProblems.TextInvalid.Message);
        try
        {
            return JsonSerializer.Deserialize<ImportRow>(line.Span, Json) is { } row ? row : ImportErrors.RowInvalid;
        }
        catch (JsonException invalid)
        {
            return ImportErrors.RowInvalid with { Field = invalid.Path is { Length: > 2 } path && path.StartsWith("$.", StringComparison.Ordinal) ? path[2..] : null };
        }
    }

    private static JsonSerializerOptions MakeJson()
    {
        var json = new JsonSerializerOptions(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };
        ManagementEndpoints.Configure(json);
        return json;
    }
}

/// <param name="Row">The first is 1; empty lines are not counted.</param>
/// <param name="MemberIds">In the order of the row's memberships.</param>
public sealed record ImportRowResponse(int Row, ImportStatus Status, Id<User>? UserId, IReadOnlyList<Id<Membership>>? MemberIds, ImportRowError? Error)
{
    internal static ImportRowResponse From(int row, ImportOutcome outcome) =>
        new(row, outcome.Status, outcome.User, outcome.Members.Count == 0 ? null : outcome.Members, outcome.Error is { } e ? new ImportRowError(e.Code, e.Message, e.Field) : null);
}

public sealed record ImportRowError(string Code, string Message, string? Field);

using System.Text.Json;
using System.Text.Json.Serialization;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Users;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Management;

/// <summary>An import as NDJSON: one row a line, and an answer of one line for each.</summary>
internal static class ImportLines
{
    public const string Ndjson = "application/x-ndjson";
    public const long MaxBody = 20 * 1024 * 1024;

    private static readonly JsonSerializerOptions Json = MakeJson();

    /// <summary>Empty lines are no rows. Reads at most one row more than there may be.</summary>
    public static async Task<List<ReadOnlyMemory<byte>>> ReadAsync(HttpRequest request, int most, CancellationToken ct)
    {
        var body = new MemoryStream();
        await request.Body.CopyToAsync(body, ct); // bounded and in memory already: a caller who writes all before reading anything must not wait for us
        return LinesOf(body.GetBuffer().AsMemory(0, (int)body.Length), most);
    }

    public static async Task AnswerAsync<T>(
        List<ReadOnlyMemory<byte>> lines, int batchSize, Func<IReadOnlyList<Result<T>>, Task<IReadOnlyList<ImportOutcome>>> run, Stream answer, CancellationToken ct) where T : class
    {
        var row = 0;
        foreach (var batch in lines.Chunk(batchSize))
        {
            foreach (var outcome in await run([.. batch.Select(Read<T>)]))
            {
                await JsonSerializer.SerializeAsync(answer, ImportRowResponse.From(++row, outcome), Json, ct);
                await answer.WriteAsync("\n"u8.ToArray(), ct);
            }

            await answer.FlushAsync(ct);
        }
    }

    private static List<ReadOnlyMemory<byte>> LinesOf(ReadOnlyMemory<byte> body, int most)
    {
        var lines = new List<ReadOnlyMemory<byte>>();
        if (body.Span.StartsWith("\uFEFF"u8)) body = body[3..];
        while (!body.IsEmpty && lines.Count <= most)
        {
            var end = body.Span.IndexOf((byte)'\n');
            var line = end < 0 ? body : body[..end];
            body = end < 0 ? default : body[(end + 1)..];
            if (!line.Span.Trim(" \t\r"u8).IsEmpty) lines.Add(line);
        }

        return lines;
    }

    private static Result<T> Read<T>(ReadOnlyMemory<byte> line) where T : class
    {
        if (!StorableText.IsIn(line.Span)) return new Error(ErrorKind.Invalid, EdgeProblems.TextInvalid.Code, EdgeProblems.TextInvalid.Message);
        try
        {
            return JsonSerializer.Deserialize<T>(line.Span, Json) is { } row ? row : ImportErrors.RowInvalid;
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

namespace TenantIdP.Server.Configuration;

/// <summary>
/// <c>plan FILE</c>, <c>apply FILE</c> and <c>export</c>: the configuration of an instance as a file (docs/config-as-code.md). They run beside the server, with its settings, and
/// listen nowhere.
/// </summary>
public static class ConfigCommand
{
    private const int Done = 0;
    private const int Failed = 1;
    private const int HasChanges = 2;

    /// <summary>Whether these arguments of the server are for it.</summary>
    public static bool Takes(string[] args) => args is [var command, ..] && ConfigArguments.IsCommand(command);

    /// <param name="confirm">Asks the person at the terminal; null when there is none.</param>
    /// <param name="configure">Runs before the services are added.</param>
    public static async Task<int> RunAsync(
        string[] args, TextWriter answer, TextWriter error, Func<string, bool>? confirm, CancellationToken ct, Action<WebApplicationBuilder>? configure = null)
    {
        if (ConfigArguments.Read(args) is not { } wanted)
        {
            await error.WriteLineAsync(ConfigArguments.Usage);
            return Failed;
        }

        var problems = new ConfigProblems();
        var document = wanted.Command == ConfigArguments.Export ? null : ReadFile(wanted.File, problems);
        if (problems.Any) return await RefuseAsync(wanted, problems, error);

        await using var app = ServerApp.Build(wanted.Settings, builder =>
        {
            // The answer is all that stands on the standard output.
            builder.Logging.ClearProviders().AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
            builder.Configuration["Logging:LogLevel:Default"] = "Warning";
            configure?.Invoke(builder);
        });
        var run = app.Services.GetRequiredService<ConfigRun>();
        if (await run.PrepareAsync(wanted.Command == ConfigArguments.Apply, ct) is { } unready)
        {
            problems.Add(unready);
            return await RefuseAsync(wanted, problems, error);
        }

        if (document is null)
        {
            var text = await run.ExportAsync(wanted.Organizations, wanted.HasIds, problems, ct);
            if (text is not null) await answer.WriteAsync(text);
            return problems.Any ? await RefuseAsync(wanted, problems, error) : Done;
        }

        return await PlanAsync(run, document, wanted, answer, error, confirm, ct);
    }

    private static async Task<int> PlanAsync(
        ConfigRun run, ConfigDocument document, ConfigArguments wanted, TextWriter answer, TextWriter error, Func<string, bool>? confirm, CancellationToken ct)
    {
        var plan = await run.PlanAsync(document, wanted.Prunes, ct);
        var refused = plan.Refused.ToList();
        foreach (var part in refused) await RefuseAsync(wanted, part.Problems, error);
        if (refused.Any(p => p.IsInstance)) return Failed; // the organizations rest on it
        if (wanted.IsJson || refused.Count == 0 || !plan.IsEmpty) await answer.WriteLineAsync(wanted.IsJson ? PlanText.WriteJson(plan) : PlanText.Write(plan));
        if (plan.IsEmpty || wanted.Command == ConfigArguments.Plan) return refused.Count > 0 ? Failed : plan.IsEmpty ? Done : HasChanges;
        if (!wanted.IsConfirmed && confirm?.Invoke("Apply these changes? Only 'yes' applies them: ") != true)
        {
            await error.WriteLineAsync(confirm is null ? "Nothing was applied: without a terminal, say --yes." : "Nothing was applied.");
            return Failed;
        }

        return await ReportAsync(await run.ApplyAsync(plan, ActorOf(wanted.File), ct), refused, answer, error);
    }

    private static ConfigDocument? ReadFile(string path, ConfigProblems problems)
    {
        byte[] bytes;
        try
        {
            using var file = File.OpenRead(path);
            var room = new byte[YamlReader.MaxBytes + 1];
            bytes = room[..file.ReadAtLeast(room, room.Length, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            problems.Add(new ConfigProblem("config_unreadable", "The file can't be read."));
            return null;
        }

        var folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? ".";
        return ConfigDocument.Read(bytes, new SecretSource(folder, Environment.GetEnvironmentVariable), problems);
    }

    private static Task<int> RefuseAsync(ConfigArguments wanted, ConfigProblems problems, TextWriter error) => RefuseAsync(wanted, problems.Found, error);

    private static async Task<int> RefuseAsync(ConfigArguments wanted, IReadOnlyList<ConfigProblem> problems, TextWriter error)
    {
        foreach (var problem in problems) await error.WriteLineAsync(wanted.File.Length == 0 ? problem.ToString() : $"{Terminal.Escape(wanted.File)}: {problem}");
        return Failed;
    }

    /// <param name="unplanned">What the plan has refused already.</param>
    private static async Task<int> ReportAsync(ConfigOutcome outcome, IReadOnlyList<PlannedPart> unplanned, TextWriter answer, TextWriter error)
    {
        foreach (var part in outcome.Applied) await answer.WriteLineAsync($"Applied: {part.Name}, {part.Changes.Count} {(part.Changes.Count == 1 ? "change" : "changes")}.");
        foreach (var (refused, stopped, change) in outcome.Refused)
        {
            var where = stopped is null ? "" : $"{stopped.Name}{(change is null ? "" : $", {PlanText.Name(change)}")}: ";
            await error.WriteLineAsync($"Refused: {where}{Terminal.Escape(refused.Message)} ({refused.Code})");
        }

        if (outcome.Refused.Count == 0 && unplanned.Count == 0) return Done;
        var not = unplanned.Concat(outcome.Refused.Select(r => r.In).OfType<PlannedPart>()).Concat(outcome.NotBegun);
        await error.WriteLineAsync(outcome.Applied.Count == 0 ? "Nothing was applied." : $"Applied: {Names(outcome.Applied)}. Not applied: {Names(not)}.");
        return Failed;
    }

    private static string Names(IEnumerable<PlannedPart> parts) => string.Join(", ", parts.Select(p => p.Name));

    /// <summary>In every event of what it changes; as long as an actor's id may be.</summary>
    private static string ActorOf(string path)
    {
        var name = new string([.. Path.GetFileName(path).Where(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_')]);
        return name.Length == 0 ? "file" : name[..Math.Min(name.Length, 64)];
    }
}

using Spectre.Console;

namespace CuckooDrive.Host.CommandLine;

/// <summary>
/// Shows how far something is, on standard error: a bar on a terminal, otherwise a plain line whenever the step changes.
/// Thread safe.
/// </summary>
internal sealed class ProgressView
{
    private readonly Lock _lock = new();
    private readonly ProgressTask? _bar;
    private readonly Terminal _terminal;
    private readonly string _title;
    private string _step = "";

    private ProgressView(Terminal terminal, string title, ProgressTask? bar)
    {
        _terminal = terminal;
        _title = title;
        _bar = bar;
    }

    public static async Task RunAsync(Terminal terminal, string title, Func<ProgressView, Task> work)
    {
        if (!terminal.IsInteractive)
        {
            await work(new ProgressView(terminal, title, null));
            return;
        }
        await Terminal.CreateErrorConsole().Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new SpinnerColumn())
            .StartAsync(context => work(new ProgressView(terminal, title, context.AddTask(Markup.Escape(title), autoStart: true))));
    }

    /// <param name="step">What is being done; shown after the title.</param>
    /// <param name="done">How much of it is done.</param>
    /// <param name="total">How much there is, or 0 when not known.</param>
    /// <param name="detail">What is shown with it, such as a size; changes without making a new line.</param>
    public void Report(string step, long done, long total, string detail = "")
    {
        lock (_lock)
        {
            if (_bar is not null)
            {
                _bar.Description = Markup.Escape(detail.Length > 0 ? $"{_title}: {step} ({detail})" : $"{_title}: {step}");
                _bar.IsIndeterminate = total <= 0;
                if (total > 0)
                {
                    _bar.MaxValue = total;
                    _bar.Value = Math.Min(done, total);
                }
            }
            else if (step != _step)
            {
                _terminal.Note(detail.Length > 0 ? $"{_title}: {step} ({detail})" : $"{_title}: {step}");
            }
            _step = step;
        }
    }
}
